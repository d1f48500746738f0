import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { ActiveEndpoint } from '../components/config';
import { messageOf } from '../components/errors';
import type { PlatformEnvironment } from '../components/platform';
import type { Outage } from '../components/site-operations';
import { Journal } from './recovery/journal';

/** What stands where, as far as it can be seen now. A null is what could not be seen; `problems` says why. */
export interface EnvironmentStatus {
  readonly environment: string;
  readonly site: string;
  readonly recoverySite: string | null;
  /** The site that serves, since when, and the recovery that moved traffic there; null before any. */
  readonly active: ActiveEndpoint | null;
  readonly resolvesTo: readonly string[] | null;
  readonly newestRecoveryPoint: { readonly id: string; readonly time: string; readonly ageSeconds: number } | null;
  readonly outage: Outage | null;
  readonly runs: readonly {
    readonly id: string;
    readonly mode: string;
    readonly startedAt: string;
    readonly result: string;
  }[];
  readonly problems: readonly string[];
}

export async function environmentStatus(name: string, environment: PlatformEnvironment): Promise<EnvironmentStatus> {
  const operations = environment.operations();
  const problems: string[] = [];
  const tried = async <Value>(what: string, look: () => Promise<Value>): Promise<Value | null> => {
    try {
      return await look();
    } catch (error) {
      problems.push(`${what}: ${messageOf(error)}`);
      return null;
    }
  };
  const points = await tried('recovery points', () => operations.recoveryPoints());
  const newest = points?.filter((point) => point.state.kind === 'healthy').at(-1);
  return {
    environment: name,
    site: environment.site,
    recoverySite: environment.recoverySite ?? null,
    active: environment.config.activeEndpoint ?? null,
    resolvesTo: await tried('name server', async () => (await operations.resolve()).addresses),
    newestRecoveryPoint:
      newest === undefined
        ? null
        : { id: newest.id, time: newest.time, ageSeconds: (Date.now() - Date.parse(newest.time)) / 1000 },
    outage: await tried('monitoring', () => operations.lastOutage()),
    runs: await runsOf(environment.controlDirectory, name),
    problems,
  };
}

async function runsOf(controlDirectory: string, name: string): Promise<EnvironmentStatus['runs'][number][]> {
  const folder = path.join(controlDirectory, 'recoveries');
  let ids: string[];
  try {
    ids = (await readdir(folder)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return [];
    }
    throw error;
  }
  const runs = [];
  for (const id of ids) {
    const entries = await new Journal(path.join(folder, id)).read();
    const [first] = entries;
    if (first?.kind === 'run' && first.environment === name) {
      const end = entries.filter((entry) => entry.kind === 'run-ended').at(-1);
      const result = end?.kind === 'run-ended' ? end.result : 'unfinished';
      runs.push({ id, mode: first.mode, startedAt: first.startedAt, result });
    }
  }
  return runs;
}
