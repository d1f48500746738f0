import path from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../components/errors';
import { until } from '../../components/local/process/daemon';
import type { AfterSteps } from '../recovery/report-of';
import type { RunOutcome } from '../recovery/run';
import { ClientProcess } from './client-process';
import { findLostWrites } from './client/lost-writes';
import type { RehearsalPrimary } from './environment';
import type { Damage } from './scenarios/scenario';
import type { RehearsalWorkspace } from './workspace';

/** Starts the client that writes through the environment's name. */
export function startClient(workspace: RehearsalWorkspace, primary: RehearsalPrimary): ClientProcess {
  const { traffic, application } = primary.environment.config;
  const { dns, port } = z
    .object({ dns: z.object({ address: z.string(), port: z.int() }), port: z.int() })
    .parse(traffic);
  return new ClientProcess(
    {
      name: traffic.name,
      dnsServer: dns,
      port,
      baseUrl: application.baseUrl,
      clientId: primary.credentials.clientId,
      journal: path.join(workspace.outside, 'client.jsonl'),
    },
    primary.credentials.clientSecret
  );
}

/** Waits until the client's writes go on and a recovery point after the first of them is recorded. */
export async function writesRecorded(
  primary: RehearsalPrimary,
  client: ClientProcess,
  signal: AbortSignal
): Promise<void> {
  const wrote = await client.sees((seen) => seen.acknowledged.length >= 20, 60_000);
  const first = client.seen().acknowledged[0]?.at;
  const operations = primary.environment.operations();
  const recorded =
    wrote &&
    first !== undefined &&
    (await until(async () => {
      signal.throwIfAborted();
      const window = await operations.continuousWindow();
      return window !== null && window.to > first;
    }, 120_000));
  if (!recorded) {
    throw new OperatorError('recovery-failed', 'The client’s writes did not come to be protected within 3 minutes.', {
      hint: 'Run the drill again with --keep, and look at the logs in its folder.',
    });
  }
}

/** What the watching client saw, and which of its acknowledged writes the recovered database has. */
export async function clientSaw(
  primary: RehearsalPrimary,
  client: ClientProcess,
  damage: Damage,
  outcome: RunOutcome
): Promise<AfterSteps> {
  const { results } = outcome;
  const outputs = results['recovery-stack']?.outputs;
  if (outcome.result !== 'recovered' || outputs === undefined) {
    return { client: null, checks: [], notes: [], leftBehind: [] };
  }
  const { address } = outputs.siteEndpoint;
  await client.sees((seen) => seen.addresses.at(-1)?.address === address, 60_000);
  const seen = client.seen();
  const database = await primary.environment.operations().connectDatabase(outputs);
  try {
    const before = seen.acknowledged.filter((write) => new Date(write.at) <= damage.lostAt);
    const since = seen.acknowledged.length - before.length;
    const lost = await findLostWrites(database, seen.acknowledged);
    const skipped = outputs.database.restoredFrom?.skipped ?? [];
    const { outage } = seen;
    return {
      client: {
        downtimeSeconds: outage.kind === 'over' ? outage.downtimeSeconds : null,
        firstGoodAnswerAt: outage.kind === 'over' ? outage.firstGoodAt : null,
        acknowledgedWrites: seen.acknowledged.length,
        acknowledgedWritesLost: lost.length,
      },
      checks: await damage.verify(
        database,
        skipped.map((backup) => backup.id)
      ),
      notes: [`The client had ${before.length} writes acknowledged before the loss and ${since} after it.`],
      leftBehind: [],
    };
  } finally {
    await database.end();
  }
}
