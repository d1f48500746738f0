import { OperatorError } from '../../components/errors';
import type {
  PreflightFinding,
  RecoveryPoint,
  RecoveryTarget,
  RestorePlan,
  SiteCondition,
  SiteOperations,
} from '../../components/site-operations';
import type { DriverProcess } from '../driver-process';
import type { SimulatedConfig } from './configs';
import { drain } from './drain';
import { fenceSite, type Place, type Replica, type ReplicaPoint, type Site } from './site';
import { TTL, type Universe } from './universe';

export interface StackAt {
  readonly stack: string;
  readonly config: SimulatedConfig;
}

/** What a driver may do with one stack's site. */
export function simulatedOperations(universe: Universe, driver: DriverProcess, at: StackAt): SiteOperations {
  const { stack, config } = at;
  const place = config.site;
  const reached = (): Site => reachedSite(universe, stack, place);
  const note = (what: string): void => {
    universe.invariants.touched(universe, driver, stack, what);
  };
  return {
    preflight: (recoveryStack) =>
      driver.look('preflight', () => preflight(universe, config.recoverySite, recoveryStack)),
    recoveryPoints: () =>
      driver.look('list recovery points', () => {
        const replica = replicaOf(universe, at);
        return (replica?.points ?? []).map((point) => toRecoveryPoint(point, replica?.place ?? place));
      }),
    continuousWindow: () => driver.look('continuous window', () => null),
    planRestore: (target) => driver.look('plan the restore', () => planRestore(universe, at, target)),
    fence: () =>
      driver.change(`fence ${stack}`, () => {
        if (!universe.isReachable(place)) {
          return { state: 'unreachable', detail: `nobody gets at ${place}` } as const;
        }
        const site = universe.site(stack);
        if (site === null) {
          return { state: 'unreachable', detail: `${stack} is not at ${place}` } as const;
        }
        note('fenced');
        site.lookedAt = universe.scheduler.now;
        fenceSite(site, 'medplum-dr fenced it');
        return { state: 'fenced', detail: 'stopped and marked' } as const;
      }),
    stopApplication: () =>
      driver.change(`stop the application of ${stack}`, () => {
        note('its application stopped');
        reached().application = false;
      }),
    unfence: () =>
      driver.change(`unfence ${stack}`, () => {
        reached().fenceMark = null;
      }),
    drain: ({ waiting, signal }) =>
      driver.change(`drain ${stack}`, () => drain(universe, driver, at, { waiting, signal })),
    condition: () => driver.look(`condition of ${stack}`, () => condition(universe, stack, place)),
    protectionProgress: () => driver.look('protection progress', () => null),
    restoreProgress: (recoveryStack) =>
      driver.look('restore progress', () => universe.site(recoveryStack)?.restoreProgress ?? null),
    blockedAttempts: () => driver.look('blocked attempts', () => []),
    remains: () => driver.look('remains', () => []),
    removeRemains: () => driver.change('remove remains', () => undefined),
    secret: () => Promise.resolve(null),
    connectDatabase: () => Promise.reject(new Error('a simulation has no database to connect to')),
    missingObjects: () => Promise.resolve([]),
    resolve: () => driver.look('resolve', () => ({ addresses: resolved(universe), ttlSeconds: TTL })),
    lastOutage: () => driver.look('last outage', () => null),
  };
}

/** @throws as a connection that is not answered. */
export function reachedSite(universe: Universe, stack: string, place: Place): Site {
  const site = universe.site(stack);
  if (site === null || !universe.isReachable(place)) {
    throw Object.assign(new Error(`EHOSTUNREACH: ${stack} at ${place}`), { code: 'EHOSTUNREACH' });
  }
  return site;
}

function resolved(universe: Universe): string[] {
  const { scheduler, record, staleAddress, staleUntil } = universe;
  universe.resolvedAt = scheduler.now;
  if (scheduler.now < staleUntil && staleAddress !== null) {
    return [staleAddress];
  }
  if (record === null) {
    throw Object.assign(new Error('ENOTFOUND'), { code: 'ENOTFOUND' });
  }
  return [record.address];
}

function preflight(universe: Universe, place: Place | undefined, recoveryStack: string): PreflightFinding[] {
  const id = 'recovery-site';
  if (place === undefined || !universe.isReachable(place)) {
    return [{ id, status: 'failed', evidence: `${place ?? 'no site'} cannot be reached.`, remedy: 'Bring it back.' }];
  }
  const taken = [...universe.sites.values()].find(
    (site) => site.place === place && site.stack !== recoveryStack && (site.application || site.database === 'running')
  );
  return [
    { id, status: 'passed', evidence: `${place} can be used` },
    taken === undefined
      ? { id: 'port', status: 'passed', evidence: 'free' }
      : { id: 'port', status: 'failed', evidence: `${taken.stack} runs at ${place}.`, remedy: 'Stop it.' },
  ];
}

function condition(universe: Universe, stack: string, place: Place): SiteCondition {
  const site = universe.site(stack);
  if (site === null || !universe.isReachable(place)) {
    return { kind: 'unreachable', detail: `nobody gets at ${stack}` };
  }
  site.lookedAt = universe.scheduler.now;
  if (universe.mutation === 'cutover-without-fence') {
    return { kind: 'stopped', detail: 'taken to be so' };
  }
  if (site.application || site.database === 'running') {
    return { kind: 'taking-writes', detail: 'it answers' };
  }
  return site.fenceMark === null
    ? { kind: 'stopped', detail: 'nothing answers' }
    : { kind: 'fenced', detail: site.fenceMark };
}

function replicaOf(universe: Universe, { stack, config }: StackAt): Replica | null {
  const place = config.recoverySite;
  if (place === undefined) {
    throw new OperatorError('bad-input', `Stack ${stack} has no recovery site.`, { hint: 'Protect it.' });
  }
  if (!universe.isReachable(place)) {
    throw Object.assign(new Error(`EHOSTUNREACH: ${place}`), { code: 'EHOSTUNREACH' });
  }
  return universe.replica(stack, place);
}

function toRecoveryPoint({ id, kind, at, position }: ReplicaPoint, place: string): RecoveryPoint {
  return {
    ...{ id, kind, place, time: new Date(at).toISOString(), sizeBytes: null, state: { kind: 'healthy' } },
    recorded: { fingerprint: fingerprintOf(position, at), serverVersion: '5.0.10' },
  };
}

function planRestore(universe: Universe, at: StackAt, target: RecoveryTarget): RestorePlan {
  const replica = replicaOf(universe, at);
  const newest = replica?.points.at(-1);
  if (replica === null || newest === undefined || target.kind !== 'latest') {
    throw new OperatorError('preflight-failed', `There is no recovery point of ${at.stack}.`, {
      hint: 'Wait for one.',
    });
  }
  const time = new Date(newest.at).toISOString();
  const { recorded } = toRecoveryPoint(newest, replica.place);
  return {
    ...{
      recoveryPoint: `latest-of-${at.stack}`,
      kind: 'continuous',
      place: replica.place,
      sizeBytes: null,
      skipped: [],
    },
    time: new Date(universe.scheduler.now).toISOString(),
    recorded: recorded === null ? null : { pointId: newest.id, time, facts: recorded },
    source: { stack: at.stack, place: replica.place },
  };
}

/** As much of what is recorded with a point as a run reads: the number of writes. */
function fingerprintOf(position: number, at: number): Record<string, unknown> {
  return {
    ...{ takenAt: new Date(at).toISOString(), signingKeyIds: [], resourceCounts: { Patient: position } },
    ...{ migration: null, newestWriteAt: null, samples: [], systemIdentifier: null, timeline: null },
    ...{ postgresqlVersion: '16', extensions: [], unfinishedAsyncJobs: null },
  };
}
