import { open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../../if-there';
import { isSegmentName, parseLsn, parseSegmentName, segmentName, segmentNumber } from './wal-segment';

/** One stretch of a database's history: the timeline that the WAL from `begin` on belongs to. */
export interface TimelineStretch {
  readonly timeline: number;
  readonly begin: bigint;
}

/** What lies in a WAL archive folder. */
export interface ArchivedWal {
  readonly directory: string;
  /** Null while no whole segment has been archived. */
  readonly segmentBytes: number | null;
  /** Numbers of the whole segments of each timeline. */
  readonly segments: ReadonlyMap<number, ReadonlySet<number>>;
  /** Names of segments whose size is wrong: as good as missing. */
  readonly damaged: readonly string[];
  /** Of each timeline that has a history file: its stretches, newest first, itself included. */
  readonly histories: ReadonlyMap<number, readonly TimelineStretch[]>;
}

/** The unbroken run of WAL from a position on. */
export interface Continuity {
  /** The timeline that the run ends on. */
  readonly timeline: number;
  /** Names of the segments in the order of replay. */
  readonly segments: readonly string[];
  /** Number of the last segment of the run, one less than the first needed when there is none. */
  readonly lastNumber: number;
  /** The segment whose absence ends the run although later ones are there; null when the run reaches the newest. */
  readonly missing: string | null;
}

/** Reads an archive folder; one that does not exist is an empty archive. */
export async function archivedWal(directory: string): Promise<ArchivedWal> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return [];
    }
    throw error;
  });
  const candidates = names.filter(isSegmentName).sort();
  const segmentBytes = await sizeOfSegments(directory, candidates);
  const segments = new Map<number, Set<number>>();
  const damaged: string[] = [];
  for (const { name, size } of await sizesOf(directory, candidates)) {
    const segment = segmentBytes === null ? null : parseSegmentName(name, segmentBytes);
    if (!segment || size !== segmentBytes) {
      damaged.push(name);
      continue;
    }
    segments.set(segment.timeline, (segments.get(segment.timeline) ?? new Set()).add(segment.number));
  }
  const histories = new Map<number, readonly TimelineStretch[]>();
  for (const name of names.filter((each) => /^[0-9A-F]{8}\.history$/.test(each))) {
    const timeline = Number.parseInt(name, 16);
    histories.set(timeline, parseHistory(timeline, await readFile(join(directory, name), 'utf8')));
  }
  return { directory, segmentBytes, segments, damaged, histories };
}

/** Reads a timeline history file: lines of parent timeline, position of the switch, reason. */
export function parseHistory(timeline: number, text: string): readonly TimelineStretch[] {
  const stretches: TimelineStretch[] = [];
  let begin = 0n;
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)/.exec(line);
    if (match?.[1] && match[2]) {
      stretches.unshift({ timeline: Number(match[1]), begin });
      begin = parseLsn(match[2]);
    }
  }
  return [{ timeline, begin }, ...stretches];
}

/** The stretches that lead to a timeline, newest first. */
export function lineage(archive: ArchivedWal, timeline: number): readonly TimelineStretch[] {
  return archive.histories.get(timeline) ?? [{ timeline, begin: 0n }];
}

/** The newest timeline that descends from the given position of the given timeline. */
export function newestTimeline(archive: ArchivedWal, from: { timeline: number; lsn: bigint }): number {
  const descendants = [...archive.histories.keys()].filter((candidate) =>
    isOnLineage(lineage(archive, candidate), from)
  );
  return Math.max(from.timeline, ...descendants);
}

/** Whether a position of a timeline is part of the history that these stretches tell. */
export function isOnLineage(stretches: readonly TimelineStretch[], at: { timeline: number; lsn: bigint }): boolean {
  const index = stretches.findIndex((stretch) => stretch.timeline === at.timeline);
  const next = stretches[index - 1];
  return index >= 0 && (next === undefined || at.lsn <= next.begin);
}

/** Follows the WAL from a position towards a timeline (without one: the newest that descends from it). */
export function continuity(
  archive: ArchivedWal,
  from: { timeline: number; lsn: bigint },
  towards: number = newestTimeline(archive, from)
): Continuity {
  const { segmentBytes } = archive;
  if (segmentBytes === null) {
    return { timeline: towards, segments: [], lastNumber: -1, missing: null };
  }
  const stretches = lineage(archive, towards);
  const segments: string[] = [];
  let number = segmentNumber(from.lsn, segmentBytes);
  for (
    let name = holder(archive, stretches, number, segmentBytes);
    name;
    name = holder(archive, stretches, number, segmentBytes)
  ) {
    segments.push(name);
    number += 1;
  }
  const expected = stretches.find((stretch) => segmentNumber(stretch.begin, segmentBytes) <= number) ?? {
    timeline: towards,
  };
  const isGap = stretches.some(({ timeline }) =>
    [...(archive.segments.get(timeline) ?? [])].some((each) => each > number)
  );
  return {
    timeline: towards,
    segments,
    lastNumber: number - 1,
    missing: isGap ? segmentName({ timeline: expected.timeline, number }, segmentBytes) : null,
  };
}

/** As PostgreSQL looks for a segment: on the newest timeline that had begun by then, then on its ancestors. */
function holder(
  archive: ArchivedWal,
  stretches: readonly TimelineStretch[],
  number: number,
  segmentBytes: number
): string | null {
  for (const { timeline, begin } of stretches) {
    if (segmentNumber(begin, segmentBytes) <= number && archive.segments.get(timeline)?.has(number)) {
      return segmentName({ timeline, number }, segmentBytes);
    }
  }
  return null;
}

/**
 * Removes the segments that lie before the given position, which is where the oldest base backup to keep starts.
 *
 * @returns the number of files removed.
 */
export async function pruneWal(directory: string, oldestNeeded: bigint): Promise<number> {
  const { segmentBytes } = await archivedWal(directory);
  if (segmentBytes === null) {
    return 0;
  }
  const keepFrom = segmentNumber(oldestNeeded, segmentBytes);
  const anHourAgo = Date.now() - 3_600_000;
  let removed = 0;
  for (const name of await readdir(directory)) {
    const segment = parseSegmentName(name.slice(0, 24), segmentBytes);
    const isOld = segment !== null && segment.number < keepFrom;
    // What a killed archiver left half-written; a live one needs seconds.
    const isAbandoned = name.startsWith('archtemp.') && (await stat(join(directory, name))).mtimeMs < anHourAgo;
    if (isOld || isAbandoned) {
      await rm(join(directory, name), { force: true });
      removed += 1;
    }
  }
  return removed;
}

/** The segment size that the first sound segment's own header tells (xlp_seg_size in PostgreSQL's xlog_internal.h). */
async function sizeOfSegments(directory: string, names: readonly string[]): Promise<number | null> {
  for (const name of names) {
    const handle = await ifThere(open(join(directory, name), 'r'));
    if (handle === null) {
      continue;
    }
    try {
      const header = Buffer.alloc(40);
      const { bytesRead } = await handle.read(header, 0, 40, 0);
      const size = header.readUInt32LE(32);
      if (bytesRead === 40 && size >= 1 << 20 && size <= 1 << 30 && (size & (size - 1)) === 0) {
        return size;
      }
    } finally {
      await handle.close();
    }
  }
  return null;
}

/** A segment that retention removed since the folder was listed is not there. */
async function sizesOf(directory: string, names: readonly string[]): Promise<{ name: string; size: number }[]> {
  const found = await Promise.all(
    names.map(async (name) => ({ name, size: (await ifThere(stat(join(directory, name))))?.size ?? null }))
  );
  return found.flatMap(({ name, size }) => (size === null ? [] : [{ name, size }]));
}
