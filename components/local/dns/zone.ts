import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import { z } from 'zod';
import { readIfThere } from '../../read-if-there';

/** One A record. `generation` counts the cutovers that set it; it never goes back. */
const recordSchema = z.object({
  address: z.ipv4(),
  ttlSeconds: z.int().min(0),
  generation: z.int().min(0),
  /** Name of the site behind the address. */
  site: z.string(),
  /** Name of the stack that serves there; empty in records of versions that did not write it. */
  stack: z.string().default(''),
});
export type ZoneRecord = z.infer<typeof recordSchema>;

const zoneSchema = z.object({ serial: z.int(), records: z.record(z.string(), recordSchema) });
export type Zone = z.infer<typeof zoneSchema>;

/** The zone that the name server answers from; empty when there is no file yet. */
export async function readZone(zoneFile: string): Promise<Zone> {
  const text = await readIfThere(zoneFile);
  return text === null ? { serial: 0, records: {} } : zoneSchema.parse(JSON.parse(text));
}

/** Changes the zone under a lock, so that two writers cannot lose each other's records. */
export async function changeZone(zoneFile: string, change: (zone: Zone) => z.input<typeof zoneSchema>): Promise<Zone> {
  await mkdir(path.dirname(zoneFile), { recursive: true });
  const release = await lockfile.lock(zoneFile, {
    realpath: false,
    retries: { retries: 40, minTimeout: 25, maxTimeout: 250 },
  });
  try {
    const before = await readZone(zoneFile);
    const after = zoneSchema.parse({ ...change(before), serial: before.serial + 1 });
    const temporary = `${zoneFile}.partial`;
    await writeFile(temporary, JSON.stringify(after, null, 2));
    await rename(temporary, zoneFile);
    return after;
  } finally {
    await release();
  }
}
