import { copyFile, mkdir, readdir, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../../errors';

/*
 * Object replication: every object version of the site's store is copied to the other site, each by rename, so that
 * no reader finds half of one. Objects are written once and never changed (Medplum's keys are `{id}/{versionId}`), so
 * only folders whose time of change is new are looked into. A round rests for ten times its own length.
 */

const settingsSchema = z.object({ source: z.string(), destination: z.string(), stateFile: z.string() });
type Settings = z.infer<typeof settingsSchema>;

async function replicateOnce(settings: Settings, seen: Map<string, number>): Promise<number> {
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
  try {
    return (await stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

async function main(): Promise<void> {
  const settings = settingsSchema.parse(JSON.parse(process.env['MEDPLUM_DR_REPLICATION'] ?? '{}'));
  await mkdir(settings.destination, { recursive: true });
  const seen = new Map<string, number>();
  console.log(`replicating ${settings.source} to ${settings.destination}`);
  for (;;) {
    const started = Date.now();
    try {
      const copied = await replicateOnce(settings, seen);
      const state = { syncedAt: new Date(started).toISOString(), objects: seen.size };
      await writeFile(`${settings.stateFile}.partial`, JSON.stringify(state));
      await rename(`${settings.stateFile}.partial`, settings.stateFile);
      if (copied > 0) {
        console.log(`copied ${copied} object(s)`);
      }
    } catch (error) {
      console.error(`replication round failed, trying again: ${messageOf(error)}`);
    }
    await sleep(Math.max(500, 10 * (Date.now() - started)));
  }
}

void main();
