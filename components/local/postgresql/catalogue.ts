import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { lock } from 'proper-lockfile';
import { z } from 'zod';
import { readIfThere } from '../../read-if-there';
import { syncFolder, writeWhole } from './durable';

const Time = z.iso.datetime();
const Position = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

/** One line of `recovery-points.jsonl`. `facts` is whatever the caller knew of the data then. */
const Entry = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('base-backup'),
    id: z.string(),
    startedAt: Time,
    /** When it was complete; it restores to this moment or later. */
    time: Time,
    startLsn: Position,
    lsn: Position,
    timeline: z.int(),
    sizeBytes: z.int(),
    facts: z.json(),
  }),
  z.object({
    kind: z.literal('verification'),
    id: z.string(),
    time: Time,
    state: z.enum(['healthy', 'damaged']),
    reasons: z.array(z.string()),
  }),
  z.object({
    kind: z.literal('restore-point'),
    id: z.string(),
    time: Time,
    lsn: Position,
    timeline: z.int(),
    facts: z.json(),
  }),
]);
export type CatalogueEntry = z.infer<typeof Entry>;

/** A JSON value that is the caller's own. */
export type Facts = z.infer<ReturnType<typeof z.json>>;

export interface Catalogue {
  readonly entries: readonly CatalogueEntry[];
  /** Lines that cannot be read; a torn last line, which an interrupted write leaves, is not counted. */
  readonly damagedLines: number;
}

/** The folders and the file of a replica. */
export function replicaLayout(replica: string): { wal: string; base: string; catalogue: string } {
  return { wal: join(replica, 'wal'), base: join(replica, 'base'), catalogue: join(replica, 'recovery-points.jsonl') };
}

/** Reads the catalogue; none yet is an empty one. */
export async function readCatalogue(replica: string): Promise<Catalogue> {
  const text = (await readIfThere(replicaLayout(replica).catalogue)) ?? '';
  const entries: CatalogueEntry[] = [];
  let damagedLines = 0;
  for (const line of text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1)) {
    const entry = parseLine(line);
    if (entry) {
      entries.push(entry);
    } else {
      damagedLines += 1;
    }
  }
  return { entries, damagedLines };
}

/** Runs a change of the catalogue while no other process changes it. */
export async function withCatalogue<T>(
  replica: string,
  change: (catalogue: CatalogueWriter) => Promise<T>
): Promise<T> {
  await mkdir(replica, { recursive: true, mode: 0o755 });
  const { catalogue } = replicaLayout(replica);
  const release = await lock(catalogue, {
    realpath: false,
    stale: 10_000,
    // A change takes milliseconds: a lock lost meanwhile means that the machine slept, and the change is whole anyway.
    onCompromised: () => undefined,
    retries: { retries: 200, minTimeout: 20, maxTimeout: 250 },
  });
  try {
    return await change({ append: (entry) => append(replica, entry), keep: (isKept) => keep(replica, isKept) });
  } finally {
    // It fails only for a lock that was lost.
    await release().catch(() => undefined);
  }
}

export interface CatalogueWriter {
  /** Adds one line, and returns when it is on disk. */
  readonly append: (entry: CatalogueEntry) => Promise<void>;
  /** Rewrites the catalogue with the entries that are kept. */
  readonly keep: (isKept: (entry: CatalogueEntry) => boolean) => Promise<void>;
}

async function append(replica: string, entry: CatalogueEntry): Promise<void> {
  const handle = await open(replicaLayout(replica).catalogue, 'a+', 0o600);
  try {
    await dropTornLine(handle);
    await handle.appendFile(`${JSON.stringify(Entry.parse(entry))}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(replica);
}

/** What a writer that was killed left after the last whole line would spoil the next one. */
async function dropTornLine(handle: Awaited<ReturnType<typeof open>>): Promise<void> {
  const { size } = await handle.stat();
  const step = 65_536;
  for (let end = size; end > 0;) {
    const begin = Math.max(0, end - step);
    const { buffer } = await handle.read(Buffer.alloc(end - begin), 0, end - begin, begin);
    const newline = buffer.lastIndexOf(0x0a);
    if (newline >= 0 || begin === 0) {
      const whole = newline >= 0 ? begin + newline + 1 : 0;
      await (whole < size ? handle.truncate(whole) : undefined);
      return;
    }
    end = begin;
  }
}

async function keep(replica: string, isKept: (entry: CatalogueEntry) => boolean): Promise<void> {
  const { entries } = await readCatalogue(replica);
  const kept = entries.filter(isKept);
  await writeWhole(replicaLayout(replica).catalogue, kept.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}

function parseLine(line: string): CatalogueEntry | null {
  try {
    const parsed = Entry.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch (error) {
    if (error instanceof SyntaxError) {
      return null;
    }
    throw error;
  }
}
