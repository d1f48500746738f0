import { rm } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { readIfThere } from '../../read-if-there';
import { restoredFromSchema } from '../../restored-from';
import { writeWhole } from './durable';
import { serverStatus, stop } from './server';

const targetSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('latest') }),
  /** As soon as the base backup is consistent: the state it was taken in. */
  z.object({ kind: z.literal('immediate') }),
  z.object({ kind: z.literal('time'), at: z.string() }),
  z.object({ kind: z.literal('name'), name: z.string() }),
]);

/** What a database is restored from: backups in order of preference, and how far the log is replayed. */
export const restoreSourceSchema = z.object({
  replica: z.string(),
  bases: z.array(z.string()).min(1),
  target: targetSchema,
});
export type RestoreSource = z.infer<typeof restoreSourceSchema>;

/** What a finished restore came to; nulls for a database that was not restored. */
export const restoredSchema = z.object({
  restoredFrom: restoredFromSchema.nullable().default(null),
  restoreSeconds: z.object({ copy: z.number(), replay: z.number() }).nullable().default(null),
});

const recordSchema = z.object({ source: restoreSourceSchema, result: restoredSchema.nullable() });
type RestoreRecord = z.infer<typeof recordSchema>;

/** Beside the data directory, written before a restore and after it: an engine that is killed writes nothing down. */
function recordFile(dataDirectory: string): string {
  return `${dataDirectory}.restore.json`;
}

export async function writeRestoreRecord(dataDirectory: string, record: RestoreRecord): Promise<void> {
  await writeWhole(recordFile(dataDirectory), JSON.stringify(record));
}

export async function removeRestoreRecord(dataDirectory: string): Promise<void> {
  await rm(recordFile(dataDirectory), { force: true });
}

/**
 * The result of this same restore by an update that was killed after it; null where there was none. What an update left
 * that was killed before the restore was written down is removed: nothing has started on it, as nobody was told of it.
 */
export async function earlierRestore(
  dataDirectory: string,
  source: RestoreSource
): Promise<z.infer<typeof restoredSchema> | null> {
  const record = await readRecord(dataDirectory);
  if (record === null || !isDeepStrictEqual(record.source, source)) {
    return null;
  }
  const { state } = await serverStatus(dataDirectory);
  if (record.result !== null && state !== 'missing') {
    return record.result;
  }
  if (state === 'running') {
    await stop({ dataDirectory, mode: 'immediate' });
  }
  await rm(dataDirectory, { recursive: true, force: true });
  return null;
}

async function readRecord(dataDirectory: string): Promise<RestoreRecord | null> {
  const text = await readIfThere(recordFile(dataDirectory));
  return text === null ? null : recordSchema.parse(JSON.parse(text));
}
