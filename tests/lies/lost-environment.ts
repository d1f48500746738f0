import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { destroySite, killProcessesOf } from '../../automation/rehearsal/destroy-site';
import { replicaIn } from '../../automation/rehearsal/workspace';
import { factsOf } from '../../components/local/postgresql/facts';
import { runProgram } from '../../components/local/postgresql/process';
import { markRecoveryPoint } from '../../components/local/postgresql/recovery-points';
import { allLogShipped } from '../crash/shipped';
import { livingEnvironment, type LivingEnvironment } from '../drill/living-environment';

/** An environment whose primary site is gone, which is put back to the moment after the loss for each lie. */
export interface LostEnvironment extends LivingEnvironment {
  /** Ends what a recovery started; copies that were tampered with are whole again. */
  readonly putBack: () => Promise<void>;
}

/** Brings one up, writes so that its log goes on for some segments after its newest base backup, and loses its site. */
export async function lostEnvironment(): Promise<LostEnvironment> {
  const living = await livingEnvironment();
  const { workspace, primary } = living;
  const database = await primary.environment.operations().connectDatabase(primary.outputs);
  try {
    // What was recorded of the data must not hang on when the agent's own mark came.
    const { address, port } = primary.outputs.siteEndpoint;
    const facts = await factsOf(database, `http://${address}:${port}/healthcheck`);
    await markRecoveryPoint({ connection: database, replica: replicaIn(workspace), facts });
    for (const family of ['Ito', 'Okafor', 'Silva']) {
      await primary.api.create({ resourceType: 'Patient', name: [{ family }] });
      await allLogShipped(workspace, database);
    }
  } finally {
    await database.end();
  }
  const { recovery, primary: lost } = workspace.sites;
  await destroySite(lost);
  const replica = path.join(recovery, 'replica');
  const changed = ['state', 'locks', 'recoveries', 'active', 'dns'].map((name) => path.join(workspace.outside, name));
  const saved = path.join(workspace.directory, 'saved');
  const places = [replica, workspace.project.stackConfigDirectory, ...changed].map((place, index) => ({
    place,
    copy: path.join(saved, String(index)),
  }));
  await mkdir(saved);
  for (const { place, copy } of places) {
    await mkdir(place, { recursive: true });
    await copyWithOwners(place, copy);
  }
  return {
    ...living,
    putBack: async () => {
      await killProcessesOf(recovery);
      // A process that is being ended may still make a file.
      const gone = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 };
      await rm(recovery, gone);
      await rm(lost, gone);
      await mkdir(recovery);
      for (const { place, copy } of places) {
        await rm(place, gone);
        await copyWithOwners(copy, place);
      }
    },
  };
}

/** PostgreSQL, which runs as another user where this runs as root, reads the log itself. */
export async function copyWithOwners(from: string, to: string): Promise<void> {
  const { code, stderr } = await runProgram('cp', ['-a', from, to], { runAs: undefined });
  if (code !== 0) {
    throw new Error(`${from} could not be copied to ${to}: ${stderr}`);
  }
}
