import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { type CatalogueEntry, type Facts, readCatalogue, replicaLayout, withCatalogue } from './catalogue';
import { type BackupManifest, endOfBackup } from './manifest';
import { inspectBaseBackup } from './verification';
import { type ArchivedWal, archivedWal, type Continuity, continuity, isOnLineage, lineage } from './wal-archive';
import { formatLsn, lastSegmentNumber, parseLsn, segmentName } from './wal-segment';

/** A moment that the database can be brought back to. `time` is the database's clock. */
export interface RecoveryPoint {
  readonly id: string;
  readonly kind: 'base-backup' | 'restore-point';
  readonly time: Date;
  readonly lsn: string;
  readonly timeline: number;
  /** Bytes of a base backup; null for a restore point, which is a place in the WAL. */
  readonly sizeBytes: number | null;
  readonly restorable: true | { readonly reason: string };
  readonly facts: Facts;
}

/** The unbroken stretch of time that any moment can be restored from. */
export interface ContinuousWindow {
  /** The end of the oldest base backup that the WAL goes on from unbroken to its newest segment. */
  readonly from: Date;
  /**
   * When the last segment of the unbroken WAL was archived. An upper bound: no later write is in the archive, and the
   * newest write in it may be older.
   */
  readonly to: Date;
  /** The newest restore point in the window, which proves that all written before it is in the archive. */
  readonly provenTo: Date | null;
  readonly baseId: string;
  readonly lastSegment: string;
}

export interface RecoveryPoints {
  /** Oldest first. */
  readonly points: readonly RecoveryPoint[];
  readonly window: ContinuousWindow | null;
  /** Unreadable lines of the catalogue. */
  readonly damagedLines: number;
}

/** A base backup that can be restored, and the WAL that goes on from it. */
interface UsableBase {
  readonly id: string;
  readonly manifest: BackupManifest;
  readonly time: Date;
}

type Marked = Extract<CatalogueEntry, { kind: 'restore-point' }>;

/**
 * Puts a named restore point into the WAL, notes it in the catalogue with the caller's facts, and (with
 * `archiveNow`) has the segment that holds it archived at once.
 */
export async function markRecoveryPoint(options: {
  readonly connection: pg.ClientConfig | pg.ClientBase;
  readonly replica: string;
  readonly facts: Facts;
  readonly archiveNow?: boolean;
}): Promise<{ id: string; time: Date; lsn: string; timeline: number }> {
  const { connection, replica, facts, archiveNow = true } = options;
  const own = 'query' in connection ? null : new pg.Client(connection);
  const client = own ?? (connection as pg.ClientBase);
  await own?.connect();
  try {
    // Inside the catalogue's lock two marks cannot get the same name.
    return await withCatalogue(replica, async ({ append }) => {
      const now = await client.query<{ time: Date }>('select clock_timestamp() as time');
      const time = now.rows[0]?.time ?? new Date(Number.NaN);
      const id = pointId('medplum-dr', time);
      const { rows } = await client.query<{ lsn: string; timeline: number }>(
        `with mark as materialized (select pg_create_restore_point($1) as lsn)
         select lsn::text, ('x' || left(pg_walfile_name(lsn), 8))::bit(32)::int as timeline from mark`,
        [id]
      );
      const mark = { id, time, lsn: rows[0]?.lsn ?? '', timeline: rows[0]?.timeline ?? 0 };
      await append({ kind: 'restore-point', ...mark, time: time.toISOString(), facts });
      if (archiveNow) {
        await client.query('select pg_switch_wal()');
      }
      return mark;
    });
  } finally {
    await own?.end();
  }
}

/** A name that sorts by time and is valid everywhere: `medplum-dr-20261124T113000123Z`. */
export function pointId(prefix: string, time: Date): string {
  return `${prefix}-${time.toISOString().replace(/[-:.]/g, '')}`;
}

/** Everything that a replica can restore, judged by what lies in it now (checksums of base backups apart). */
export async function listRecoveryPoints(replica: string): Promise<RecoveryPoints> {
  const { entries, damagedLines } = await readCatalogue(replica);
  const layout = replicaLayout(replica);
  const archive = await archivedWal(layout.wal);
  const points: RecoveryPoint[] = [];
  const usable: UsableBase[] = [];
  for (const id of await baseIds(replica)) {
    const point = await basePoint(join(layout.base, id), id, entries, archive);
    points.push(point.point);
    if (point.manifest && point.point.restorable === true) {
      usable.push({ id, manifest: point.manifest, time: point.point.time });
    }
  }
  const runs = new Map<string, Continuity>();
  const runOf = (base: UsableBase, timeline: number): Continuity => {
    const key = `${base.id} ${timeline}`;
    const run = runs.get(key) ?? continuity(archive, startOf(base.manifest), timeline);
    runs.set(key, run);
    return run;
  };
  for (const entry of entries) {
    if (entry.kind === 'restore-point') {
      const restorable = judgeMark(entry, usable, archive, runOf);
      const { id, timeline, lsn, facts } = entry;
      points.push({
        id,
        kind: entry.kind,
        time: new Date(entry.time),
        lsn,
        timeline,
        sizeBytes: null,
        restorable,
        facts,
      });
    }
  }
  points.sort((a, b) => a.time.getTime() - b.time.getTime());
  return { points, window: await windowOf(usable, archive, points), damagedLines };
}

/** The window alone; see `listRecoveryPoints`. */
export async function continuousWindow(replica: string): Promise<ContinuousWindow | null> {
  return (await listRecoveryPoints(replica)).window;
}

/** Names of the finished base backups, oldest first. */
export async function baseIds(replica: string): Promise<readonly string[]> {
  const entries = await readdir(replicaLayout(replica).base, { withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return [];
    }
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory() && /^[\w-]+$/.test(entry.name))
    .map((entry) => entry.name)
    .sort();
}

async function basePoint(
  directory: string,
  id: string,
  entries: readonly CatalogueEntry[],
  archive: ArchivedWal
): Promise<{ point: RecoveryPoint; manifest: BackupManifest | null }> {
  const noted = entries.findLast((entry) => entry.kind === 'base-backup' && entry.id === id);
  const verdict = entries.findLast((entry) => entry.kind === 'verification' && entry.id === id);
  const inspection = await inspectBaseBackup(directory);
  const base = noted?.kind === 'base-backup' ? noted : null;
  const manifest = inspection.state === 'healthy' ? inspection.manifest : null;
  let restorable: RecoveryPoint['restorable'] = true;
  if (inspection.state === 'damaged') {
    restorable = { reason: reasonsText(inspection.reasons) };
  } else if (verdict?.kind === 'verification' && verdict.state === 'damaged') {
    restorable = { reason: `found damaged at ${verdict.time}: ${reasonsText(verdict.reasons)}` };
  } else {
    const missing = missingForBase(inspection.manifest, archive);
    restorable = missing === null ? true : { reason: `the WAL segment ${missing} that it needs is not in the archive` };
  }
  const endedAt = manifest ? new Date(endOfBackup(manifest)) : (await stat(directory)).mtime;
  return {
    manifest,
    point: {
      id,
      kind: 'base-backup',
      time: base ? new Date(base.time) : endedAt,
      lsn: base?.lsn ?? (manifest ? formatLsn(manifest.stopLsn) : '0/0'),
      timeline: base?.timeline ?? manifest?.timeline ?? 0,
      sizeBytes: inspection.state === 'healthy' ? inspection.sizeBytes : (base?.sizeBytes ?? null),
      restorable,
      facts: base?.facts ?? null,
    },
  };
}

/** The first segment between a base backup's start and its end that is not archived. */
export function missingForBase(manifest: BackupManifest, archive: ArchivedWal): string | null {
  const { segmentBytes } = archive;
  if (segmentBytes === null) {
    return 'at its start';
  }
  const { lastNumber } = continuity(archive, startOf(manifest), manifest.timeline);
  const needed = lastSegmentNumber(manifest.stopLsn, segmentBytes);
  return lastNumber >= needed
    ? null
    : segmentName({ timeline: manifest.timeline, number: lastNumber + 1 }, segmentBytes);
}

export function startOf(manifest: BackupManifest): { timeline: number; lsn: bigint } {
  return { timeline: manifest.timeline, lsn: manifest.startLsn };
}

function judgeMark(
  mark: Marked,
  bases: readonly UsableBase[],
  archive: ArchivedWal,
  runOf: (base: UsableBase, timeline: number) => Continuity
): RecoveryPoint['restorable'] {
  const lsn = parseLsn(mark.lsn);
  const stretches = lineage(archive, mark.timeline);
  const before = bases.filter(
    ({ manifest }) =>
      manifest.stopLsn <= lsn && isOnLineage(stretches, { timeline: manifest.timeline, lsn: manifest.stopLsn })
  );
  const newest = before.at(-1);
  const { segmentBytes } = archive;
  if (!newest || segmentBytes === null) {
    return { reason: 'there is no sound base backup before it' };
  }
  const needed = lastSegmentNumber(lsn, segmentBytes);
  if (before.some((base) => runOf(base, mark.timeline).lastNumber >= needed)) {
    return true;
  }
  const { lastNumber } = runOf(newest, mark.timeline);
  const first = segmentName({ timeline: mark.timeline, number: lastNumber + 1 }, segmentBytes);
  return { reason: `the WAL segment ${first} that leads to it is not in the archive` };
}

async function windowOf(
  bases: readonly UsableBase[],
  archive: ArchivedWal,
  points: readonly RecoveryPoint[]
): Promise<ContinuousWindow | null> {
  const runs = bases.map((base) => ({ base, run: continuity(archive, startOf(base.manifest)) }));
  const newest = Math.max(...runs.map(({ run }) => run.lastNumber));
  const first = runs.find(({ run }) => run.lastNumber === newest);
  const lastSegment = first?.run.segments.at(-1);
  if (!first || lastSegment === undefined) {
    return null;
  }
  const proof = points.findLast(
    ({ kind, restorable, time }) => kind === 'restore-point' && restorable === true && time >= first.base.time
  );
  return {
    from: first.base.time,
    to: (await stat(join(archive.directory, lastSegment))).mtime,
    provenTo: proof?.time ?? null,
    baseId: first.base.id,
    lastSegment,
  };
}

function reasonsText(reasons: readonly string[]): string {
  const shown = reasons.slice(0, 3).join('; ');
  return reasons.length > 3 ? `${shown}; and ${reasons.length - 3} more` : shown;
}
