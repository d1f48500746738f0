import path from 'node:path';
import { z } from 'zod';
import { readIfThere } from '../../read-if-there';

/** What the watcher saw; one JSON line each in `monitoring/events.jsonl`. Instants are ISO with milliseconds. */
export const watcherEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('outage'),
    detectedAt: z.string(),
    lastGoodAt: z.string().nullable(),
    firstFailureAt: z.string(),
    reason: z.string(),
    address: z.string().nullable(),
  }),
  z.object({ kind: z.literal('recovered'), at: z.string(), outageSeconds: z.number(), address: z.string() }),
]);
export type WatcherEvent = z.infer<typeof watcherEventSchema>;

export function watcherEventsFile(monitoringFolder: string): string {
  return path.join(monitoringFolder, 'events.jsonl');
}

export async function readWatcherEvents(monitoringFolder: string): Promise<WatcherEvent[]> {
  const text = await readIfThere(watcherEventsFile(monitoringFolder));
  if (text === null) {
    return [];
  }
  // The watcher may be in the middle of its last line.
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  return lines.filter((line) => line !== '').map((line) => watcherEventSchema.parse(JSON.parse(line)));
}
