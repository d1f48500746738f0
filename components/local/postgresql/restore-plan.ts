import { join } from 'node:path';
import { type CatalogueEntry, replicaLayout } from './catalogue';
import { type BackupManifest, endOfBackup } from './manifest';
import { missingForBase, startOf } from './recovery-points';
import { inspectBaseBackup } from './verification';
import { type ArchivedWal, type Continuity, continuity, isOnLineage, lineage, newestTimeline } from './wal-archive';
import { formatLsn, lastSegmentNumber, parseLsn, segmentName } from './wal-segment';

/**
 * How far WAL is replayed. `latest`: all that is archived. `time`: just before the first commit at or after it. `name`:
 * a restore point. `immediate`: the end of the first of the base backups.
 */
export type RestoreTarget =
  | { readonly kind: 'latest' }
  | { readonly kind: 'time'; readonly at: Date }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'immediate' };

/** A base backup that can serve a target, the WAL that is replayed on it, and PostgreSQL's settings for that. */
export interface BasePlan {
  readonly id: string;
  readonly directory: string;
  readonly manifest: BackupManifest;
  readonly sizeBytes: number;
  readonly wal: Continuity;
  readonly segmentBytes: number;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** What a restore found in a replica when it began. */
export interface ReplicaView {
  readonly replica: string;
  readonly archive: ArchivedWal;
  readonly entries: readonly CatalogueEntry[];
  /** The base backups that the caller prefers, in order. */
  readonly bases: readonly string[];
}

type Place = { readonly timeline: number; readonly lsn: bigint };

/** Judges without copying whether a base backup can serve a target; else tells why not. */
export async function planBase(
  view: ReplicaView,
  id: string,
  target: RestoreTarget
): Promise<BasePlan | { readonly reasons: readonly string[] }> {
  const { archive, entries } = view;
  const directory = join(replicaLayout(view.replica).base, id);
  const inspection = await inspectBaseBackup(directory);
  if (inspection.state === 'damaged') {
    return { reasons: inspection.reasons };
  }
  const { manifest, sizeBytes } = inspection;
  const missing = missingForBase(manifest, archive);
  if (missing !== null || archive.segmentBytes === null) {
    return { reasons: [`the WAL segment ${missing ?? ''} that it needs is not in the archive`] };
  }
  const { segmentBytes } = archive;
  const place = placeOf(view, id, target);
  const timeline = place?.timeline ?? newestTimeline(archive, startOf(manifest));
  const wal = continuity(archive, startOf(manifest), timeline);
  if (target.kind === 'time' && target.at.getTime() < endTime(id, manifest, entries)) {
    return { reasons: [`it ended after ${target.at.toISOString()}`] };
  }
  if (place) {
    const end = { timeline: manifest.timeline, lsn: manifest.stopLsn };
    if (manifest.stopLsn > place.lsn || !isOnLineage(lineage(archive, timeline), end)) {
      return { reasons: ['it ended after the target'] };
    }
    if (lastSegmentNumber(place.lsn, segmentBytes) > wal.lastNumber) {
      const name = wal.missing ?? segmentName({ timeline, number: wal.lastNumber + 1 }, segmentBytes);
      return { reasons: [`segment ${name} is missing from the WAL archive, and the target lies beyond it`] };
    }
  }
  const settings = { ...targetSettings(target, place), recovery_target_timeline: String(timeline) };
  return { id, directory, manifest, sizeBytes, wal, segmentBytes, settings };
}

/** Whether the archived WAL of a plan is known to reach beyond a time: a restore point made then lies in it. */
export function provesTime(view: ReplicaView, plan: BasePlan, at: Date): boolean {
  return view.entries.some((entry) => {
    if (entry.kind !== 'restore-point' || Date.parse(entry.time) < at.getTime()) {
      return false;
    }
    const place = { timeline: entry.timeline, lsn: parseLsn(entry.lsn) };
    return (
      lastSegmentNumber(place.lsn, plan.segmentBytes) <= plan.wal.lastNumber &&
      isOnLineage(lineage(view.archive, plan.wal.timeline), place)
    );
  });
}

/** Where in the WAL a target lies, as far as the catalogue knows; null where PostgreSQL has to look for it. */
function placeOf(view: ReplicaView, id: string, target: RestoreTarget): Place | null {
  const isWanted = (entry: CatalogueEntry): boolean =>
    (target.kind === 'name' && entry.kind === 'restore-point' && entry.id === target.name) ||
    (target.kind === 'immediate' && entry.kind === 'base-backup' && entry.id === view.bases[0] && id !== entry.id);
  const entry = view.entries.findLast(isWanted);
  return entry && entry.kind !== 'verification' ? { timeline: entry.timeline, lsn: parseLsn(entry.lsn) } : null;
}

function endTime(id: string, manifest: BackupManifest, entries: readonly CatalogueEntry[]): number {
  const noted = entries.findLast((entry) => entry.kind === 'base-backup' && entry.id === id);
  return noted ? Date.parse(noted.time) : endOfBackup(manifest);
}

function targetSettings(target: RestoreTarget, place: Place | null): Record<string, string | boolean> {
  switch (target.kind) {
    case 'latest':
      return {};
    case 'time':
      return {
        recovery_target_time: target.at.toISOString().replace('T', ' ').replace('Z', '+00'),
        recovery_target_inclusive: false,
      };
    case 'name':
      return { recovery_target_name: target.name };
    case 'immediate':
      // Another backup takes the damaged one's place: it replays up to where that one ended.
      return place ? { recovery_target_lsn: formatLsn(place.lsn) } : { recovery_target: 'immediate' };
  }
}
