import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { OperatorError } from '../../errors';
import { readIfThere } from '../../read-if-there';
import { DATABASE_PASSWORD } from '../../secret-names';
import type { Drained, DrainWait, FenceResult } from '../../site-operations';
import type { LocalSite, SiteFolders } from '../config';
import { databaseOf, healthUrlOf } from '../database';
import { replicaLayout } from '../postgresql/catalogue';
import { CONTROL_FILE } from '../postgresql/data-files';
import { writeWhole } from '../postgresql/durable';
import { fingerprintOf, versionOf } from '../postgresql/facts';
import { unfenceDataDirectory } from '../postgresql/fence';
import { listRecoveryPoints, markRecoveryPoint, type RecoveryPoints } from '../postgresql/recovery-points';
import { serverStatus, start } from '../postgresql/server';
import { segmentOf, waitForSegment } from '../postgresql/wal-arrival';
import { stopDaemon } from '../process/daemon';
import { storeFileIn } from '../secrets';
import { readSecrets, secretsKey } from '../secrets-store/store';
import { factsOf } from './recovery-points';
import { shipObjects } from './ship-objects';
import { stopApplication } from './stop-application';

export interface DrainContext {
  readonly site: LocalSite;
  /** Folders of the stack at that site. */
  readonly folders: SiteFolders;
  /** Where its log, objects and recovery points go. */
  readonly replica: string;
  readonly keyFile: string;
  readonly fence: () => Promise<FenceResult>;
}

const LOG_SECONDS = 120;

/** Written when all is done. `control` is a digest of the database's control file, which each start and stop changes. */
const recordSchema = z.object({
  drained: z.object({ position: z.string(), recoveryPoint: z.string(), stoppedAt: z.string() }),
  control: z.string(),
});

/**
 * Stops a site so that nothing is lost: application first, then all objects and all of the log go to the replica, with
 * a recovery point behind the last write, then the site is fenced. A site whose database has not started since an
 * earlier drain is drained already, and that one's record is returned; one that was interrupted is done again.
 *
 * @throws OperatorError when there is no base backup at the other site, or objects or log do not arrive; the signal's
 *   reason. The site is stopped then and not fenced: an update of its stack starts it again.
 */
export async function drain(context: DrainContext, wait: DrainWait): Promise<Drained> {
  const { site, folders } = context;
  const earlier = await earlierDrain(folders.live);
  const drained = earlier ?? (await stopAndShip(context, wait));
  wait.waiting(`site ${site.name} to be fenced`);
  await wait.check?.();
  const fenced = await context.fence();
  if (fenced.state !== 'fenced') {
    throw new OperatorError('recovery-failed', `Site ${site.name} could not be fenced: ${fenced.detail}.`, {
      hint: 'Stop what still listens there, and run again: all that was written has been shipped.',
    });
  }
  if (earlier === null) {
    const record = { drained, control: await controlDigest(folders.live) };
    await writeWhole(recordFile(folders.live), `${JSON.stringify(record)}\n`, { mode: 0o644 });
  }
  return drained;
}

async function stopAndShip(context: DrainContext, wait: DrainWait): Promise<Drained> {
  const { site, folders, replica } = context;
  const before = await listRecoveryPoints(replica);
  if (before.window === null) {
    throw new OperatorError('preflight-failed', `There is no sound base backup of ${site.name} in ${replica}.`, {
      hint: `Nothing was stopped. Look at ${path.join(folders.logs, 'backup-agent.log')}, and wait until a base backup is done.`,
    });
  }
  const serverVersion = (await versionOf(healthUrlOf(site))) ?? newestVersion(before);
  wait.waiting(`site ${site.name} to stop taking writes`);
  await wait.check?.();
  await stopApplication(folders.live);
  // A recovery point of the agent's own after the last one would not know the application's version.
  await stopDaemon(path.join(folders.live, 'run', 'backup-agent.pid'));
  await openDatabase(context);
  const client = await connect(context);
  try {
    // What a killed application left at work could still commit.
    await client.query(
      `select pg_terminate_backend(pid, 10000) from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()`
    );
    const stoppedAt = new Date();
    await shipObjects({ folders, replica, stoppedAt }, wait);
    const facts = { fingerprint: await fingerprintOf(client), serverVersion };
    const mark = await markRecoveryPoint({ connection: client, replica, facts });
    const segment = await segmentOf(client, mark);
    wait.waiting(`log segment ${segment} to reach ${replica}`);
    const arrival = { directory: replicaLayout(replica).wal, timeoutSeconds: LOG_SECONDS, signal: wait.signal };
    await waitForSegment(client, arrival, segment);
    await refuseUnlessRestorable(replica, mark.id);
    return { position: mark.lsn, recoveryPoint: mark.id, stoppedAt: stoppedAt.toISOString() };
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Also of a site that was stopped, or fenced by a drain that was killed then: nobody but this can get at it. */
async function openDatabase({ site, folders }: DrainContext): Promise<void> {
  const dataDirectory = path.join(folders.live, 'database');
  const { state } = await serverStatus(dataDirectory);
  if (state === 'missing') {
    throw new OperatorError('recovery-failed', `The database of ${site.name}, ${dataDirectory}, is not there.`, {
      hint: 'A site without its database cannot be moved by plan: run medplum-dr recover.',
    });
  }
  if (state === 'stopped') {
    await unfenceDataDirectory(dataDirectory);
    await start({ dataDirectory, logFile: path.join(folders.logs, 'postgresql.log') });
  }
}

async function connect({ site, folders, keyFile }: DrainContext): Promise<pg.Client> {
  const store = storeFileIn(folders.live);
  const password = (await readSecrets(store, await secretsKey(keyFile))).get(DATABASE_PASSWORD);
  if (password === undefined) {
    throw new OperatorError('recovery-failed', `The secret store has no "${DATABASE_PASSWORD}".`, {
      hint: `Look at ${store}.`,
    });
  }
  const client = new pg.Client({
    ...databaseOf(site),
    password,
    connectionTimeoutMillis: 10_000,
    application_name: 'medplum-dr drain',
  });
  // A lost session is told by the query that fails on it.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function newestVersion({ points }: RecoveryPoints): string | null {
  return points.map((point) => factsOf(point)?.serverVersion ?? null).findLast((version) => version !== null) ?? null;
}

async function refuseUnlessRestorable(replica: string, id: string): Promise<void> {
  const point = (await listRecoveryPoints(replica)).points.find((candidate) => candidate.id === id);
  if (point?.restorable !== true) {
    const reason = point?.restorable.reason ?? 'it is not in the catalogue';
    throw new OperatorError('recovery-failed', `The last recovery point, ${id}, cannot be restored: ${reason}.`, {
      hint: `Look at ${replica}. The site is stopped and not fenced: an update of its stack starts it again.`,
    });
  }
}

function recordFile(live: string): string {
  return path.join(live, 'drained.json');
}

/** The record of an earlier drain; null when the database has been started since, so that it may have been written to. */
async function earlierDrain(live: string): Promise<Drained | null> {
  const text = await readIfThere(recordFile(live));
  if (text === null || (await serverStatus(path.join(live, 'database'))).state !== 'stopped') {
    return null;
  }
  const { drained, control } = recordSchema.parse(JSON.parse(text));
  return control === (await controlDigest(live)) ? drained : null;
}

async function controlDigest(live: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path.join(live, 'database', CONTROL_FILE)))
    .digest('hex');
}
