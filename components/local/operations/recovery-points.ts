import { z } from 'zod';
import { OperatorError } from '../../errors';
import type { RecordedFacts, RecoveryPoint, RecoveryTarget, RestorePlan } from '../../site-operations';
import {
  listRecoveryPoints,
  type ContinuousWindow,
  type RecoveryPoint as CataloguePoint,
} from '../postgresql/recovery-points';
import type { RestoreSource } from '../postgresql/restore-record';

/** What the backup agent writes with each point. */
const factsSchema = z.object({ fingerprint: z.unknown(), serverVersion: z.string().nullable() });

export function toRecoveryPoint(point: CataloguePoint, replica: string): RecoveryPoint {
  const state: RecoveryPoint['state'] =
    point.restorable === true ? { kind: 'healthy' } : { kind: 'unusable', reasons: [point.restorable.reason] };
  return {
    id: point.id,
    kind: point.kind,
    time: point.time.toISOString(),
    place: replica,
    sizeBytes: point.sizeBytes,
    state,
    recorded: factsOf(point),
  };
}

/** What was recorded with a point; null when nothing was, or not by the backup agent. */
export function factsOf(point: CataloguePoint): RecordedFacts | null {
  const parsed = factsSchema.safeParse(point.facts);
  return parsed.success ? { fingerprint: parsed.data.fingerprint, serverVersion: parsed.data.serverVersion } : null;
}

/** Chooses base backups and how far to replay. @throws OperatorError when the target cannot be met. */
export async function planRestore(replica: string, target: RecoveryTarget): Promise<RestorePlan> {
  const { points, window } = await listRecoveryPoints(replica);
  const usable = points.filter((point) => point.restorable === true);
  const bases = usable.filter((point) => point.kind === 'base-backup');
  if (window === null || bases.length === 0) {
    const reasons = points.flatMap((point) =>
      point.restorable === true ? [] : [`${point.id}: ${point.restorable.reason}`]
    );
    throw new OperatorError('preflight-failed', `No recovery point in ${replica} can be restored.`, {
      hint: 'Without a base backup and its log there is nothing to recover from at this site.',
      problems: reasons.length > 0 ? reasons : ['there is no base backup'],
    });
  }
  const chosen = choose(target, usable, window);
  // For the latest state all of the log is replayed, and every backup leads there.
  const isBefore = (point: CataloguePoint): boolean => target.kind === 'latest' || point.time <= chosen.time;
  // The state of a base backup itself is in no older one.
  const candidates =
    chosen.kind === 'base-backup' ? bases.filter((base) => base.id === chosen.id) : bases.filter(isBefore).reverse();
  const skipped = points.flatMap((point) =>
    point.restorable === true || point.kind !== 'base-backup' || !isBefore(point)
      ? []
      : [{ id: point.id, reasons: [point.restorable.reason] }]
  );
  const recorded = usable.filter((point) => isBefore(point) && factsOf(point) !== null).at(-1);
  const facts = recorded === undefined ? null : factsOf(recorded);
  const source: RestoreSource = { replica, bases: candidates.map((base) => base.id), target: chosen.target };
  return {
    recoveryPoint: chosen.id,
    kind: chosen.kind,
    time: chosen.time.toISOString(),
    place: replica,
    sizeBytes: candidates[0]?.sizeBytes ?? null,
    skipped,
    recorded:
      recorded === undefined || facts === null
        ? null
        : { pointId: recorded.id, time: recorded.time.toISOString(), facts },
    source: { ...source },
  };
}

interface Choice {
  readonly id: string;
  readonly kind: RestorePlan['kind'];
  readonly time: Date;
  readonly target: RestoreSource['target'];
}

function choose(target: RecoveryTarget, usable: readonly CataloguePoint[], window: ContinuousWindow): Choice {
  switch (target.kind) {
    case 'latest':
      return { id: `latest-from-${window.baseId}`, kind: 'continuous', time: window.to, target: { kind: 'latest' } };
    case 'time': {
      const at = new Date(target.at);
      const to = window.provenTo ?? window.from;
      if (at < window.from || at > to) {
        const now = new Date();
        const which =
          at > now ? `lies in the future of this machine's clock (${now.toISOString()})` : 'cannot be recovered to';
        throw unmet(`${at.toISOString()} ${which}.`, usable, window);
      }
      return { id: `time-${at.toISOString()}`, kind: 'continuous', time: at, target: { kind: 'time', at: target.at } };
    }
    case 'point': {
      const point = usable.find((candidate) => candidate.id === target.id);
      if (point === undefined) {
        throw unmet(`Recovery point "${target.id}" does not exist or cannot be restored.`, usable, window);
      }
      return {
        id: point.id,
        kind: point.kind,
        time: point.time,
        target: point.kind === 'restore-point' ? { kind: 'name', name: point.id } : { kind: 'immediate' },
      };
    }
  }
}

function unmet(message: string, usable: readonly CataloguePoint[], window: ContinuousWindow): OperatorError {
  const to = (window.provenTo ?? window.from).toISOString();
  const newest = usable.slice(-10).reverse();
  return new OperatorError('bad-input', message, {
    hint: `Any moment from ${window.from.toISOString()} to ${to} can be recovered to, and these points; medplum-dr recovery-points lists all.`,
    problems: newest.map((point) => `${point.id} (${point.kind}, ${point.time.toISOString()})`),
  });
}
