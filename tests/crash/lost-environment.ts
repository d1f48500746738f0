import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { destroySite, killProcessesOf } from '../../automation/rehearsal/destroy-site';
import type { RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { livingEnvironment, type LivingEnvironment } from '../drill/living-environment';
import { dataUntil, databaseTime, type Digest } from './data-digest';
import { allLogShipped } from './shipped';

/** An environment whose primary site is gone, which can be put back to the moment after the loss again and again. */
export interface LostEnvironment extends LivingEnvironment {
  /** What the primary had at its end, all of it shipped. */
  readonly data: { readonly until: Date; readonly digest: Digest };
  readonly putBack: () => Promise<void>;
}

/** Brings an environment up, and loses its primary site. */
export async function lostEnvironment(): Promise<LostEnvironment> {
  const living = await livingEnvironment();
  const data = await shippedData(living);
  await destroySite(living.workspace.sites.primary);
  return { ...living, data, putBack: await savedState(living.workspace) };
}

async function shippedData({ workspace, primary }: LivingEnvironment): Promise<LostEnvironment['data']> {
  const database = await primary.environment.operations().connectDatabase(primary.outputs);
  try {
    const until = await databaseTime(database);
    const digest = await dataUntil(database, until);
    await allLogShipped(workspace, database);
    return { until, digest };
  } finally {
    await database.end();
  }
}

/** What a recovery changes outside the recovery site: state, journals and locks, the zone, and the stacks' config. */
function changedPlaces({ outside, project }: RehearsalWorkspace): string[] {
  const folders = ['state', 'locks', 'recoveries', 'active', 'dns'].map((name) => path.join(outside, name));
  return [...folders, project.stackConfigDirectory];
}

/** Keeps a copy of this moment. @returns what puts all back to it; the name server goes on meanwhile, as in life. */
async function savedState(workspace: RehearsalWorkspace): Promise<() => Promise<void>> {
  const saved = path.join(workspace.directory, 'saved');
  const places = changedPlaces(workspace).map((place, index) => ({ place, copy: path.join(saved, String(index)) }));
  const replica = path.join(workspace.sites.recovery, 'replica');
  for (const { place, copy } of [...places, { place: replica, copy: path.join(saved, 'replica') }]) {
    await mkdir(place, { recursive: true });
    await cp(place, copy, { recursive: true, preserveTimestamps: true });
  }
  const replicaBefore = await listing(replica);
  return async () => {
    const { recovery, primary } = workspace.sites;
    await killProcessesOf(recovery);
    for (const name of await readdir(recovery)) {
      if (name !== 'replica') {
        await rm(path.join(recovery, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
      }
    }
    await rm(primary, { recursive: true, force: true });
    for (const { place, copy } of places) {
      await rm(place, { recursive: true, force: true });
      await cp(copy, place, { recursive: true });
    }
    const now = await listing(replica);
    if (now !== replicaBefore) {
      throw new Error(`a recovery changed what it restores from: ${now}, and was ${replicaBefore}`);
    }
  };
}

async function listing(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true });
  return entries.sort().join('\n');
}
