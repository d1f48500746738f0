import { copyFile, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ifThere } from '../../if-there';
import { z } from 'zod';
import { readIfThere } from '../../read-if-there';

export const replicationSettingsSchema = z.object({
  source: z.string(),
  destination: z.string(),
  stateFile: z.string(),
});
export type ReplicationSettings = z.infer<typeof replicationSettingsSchema>;

/** The state file: all objects that were there at `syncedAt` have arrived. */
const stateSchema = z.object({ syncedAt: z.iso.datetime(), objects: z.int() });

/**
 * Copies what has not arrived yet, and writes down that a round was whole.
 *
 * @param seen what earlier rounds found, by folder; one round alone starts with an empty map.
 * @returns the number of objects copied.
 */
export async function replicateOnce(settings: ReplicationSettings, seen: Map<string, number>): Promise<number> {
  const syncedAt = new Date().toISOString();
  await mkdir(settings.destination, { recursive: true });
  const copied = await copyNew(settings, seen);
  await writeFile(`${settings.stateFile}.partial`, JSON.stringify({ syncedAt, objects: seen.size }));
  await rename(`${settings.stateFile}.partial`, settings.stateFile);
  return copied;
}

/** When the newest whole round began; null when there was none. */
export async function syncedAt(stateFile: string): Promise<Date | null> {
  const text = await readIfThere(stateFile);
  return text === null ? null : new Date(stateSchema.parse(JSON.parse(text)).syncedAt);
}

async function copyNew(settings: ReplicationSettings, seen: Map<string, number>): Promise<number> {
  let copied = 0;
  for (const id of await readdir(settings.source)) {
    const from = path.join(settings.source, id);
    const { mtimeMs } = await stat(from);
    if (seen.get(id) === mtimeMs) {
      continue;
    }
    const to = path.join(settings.destination, id);
    await mkdir(to, { recursive: true });
    let unfinished = false;
    for (const version of await readdir(from)) {
      if (!/^[0-9a-f-]{36}$/.test(version)) {
        // A name that is being written has another form until it is renamed.
        unfinished = true;
        continue;
      }
      const source = path.join(from, version);
      const target = path.join(to, version);
      const { size, mtimeMs: writtenAt } = await stat(source);
      // A server that writes straight to the final name may still be writing: look again in the next round.
      unfinished ||= Date.now() - writtenAt < 2000;
      if (size !== (await sizeOf(target))) {
        const partial = path.join(to, `.${version}.partial`);
        await copyFile(source, partial);
        await rename(partial, target);
        copied += 1;
      }
    }
    if (!unfinished) {
      seen.set(id, mtimeMs);
    }
  }
  return copied;
}

async function sizeOf(file: string): Promise<number | null> {
  return (await ifThere(stat(file)))?.size ?? null;
}
