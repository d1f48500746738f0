import { openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';

const moment = {
  /** ISO instant of the client's clock, taken when the answer had come. */
  at: z.iso.datetime(),
  /** Milliseconds on a clock that is never set; for differences within one journal. */
  monotonicMs: z.number(),
};
const resource = { resourceType: z.string(), id: z.string() };

const eventSchema = z.discriminatedUnion('kind', [
  /** The server said that this version is written. */
  z.object({ kind: z.literal('acknowledged'), ...moment, ...resource, versionId: z.string(), address: z.string() }),
  /** A search for the newest acknowledged resource was answered. */
  z.object({ kind: z.literal('read'), ...moment, ...resource, found: z.boolean(), address: z.string() }),
  /** A request or a look-up of the name failed; `address` is null when there was none to ask. */
  z.object({ kind: z.literal('failed'), ...moment, reason: z.string(), address: z.string().nullable() }),
  z.object({ kind: z.literal('resolved'), ...moment, address: z.string(), ttl: z.number() }),
  /** A token was asked for and given. */
  z.object({ kind: z.literal('token'), ...moment, address: z.string() }),
]);
export type JournalEvent = z.infer<typeof eventSchema>;

type WithoutMoment<T> = T extends unknown ? Omit<T, 'at' | 'monotonicMs'> : never;

/** What the client saw, one JSON line an event, in the file before `write` returns. */
export class Journal {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o600);
  }

  write(event: WithoutMoment<JournalEvent>): void {
    const moment = { at: new Date().toISOString(), monotonicMs: Math.round(performance.now() * 1000) / 1000 };
    writeSync(this.#file, `${JSON.stringify({ ...moment, ...event })}\n`);
  }
}

/**
 * Reads a journal. A client that was killed may leave half a last line; it is left out.
 * @throws z.ZodError or SyntaxError for any other line that is no event.
 */
export function readJournal(path: string): JournalEvent[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // What follows the last line feed is empty, or a line that was not written whole.
  lines.pop();
  return lines.map((line) => eventSchema.parse(JSON.parse(line)));
}
