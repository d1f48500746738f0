import { z } from 'zod';
import { readIfThere } from '../../read-if-there';
import type { BlockedAttempts } from '../../site-operations';

/** What the gate writes, one JSON text a line. */
const lineSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('loaded') }),
  z.object({ kind: z.literal('refused'), target: z.string().min(1) }),
]);

/**
 * Counts what a copy was kept from, the most tried first. Null when no gate was loaded, as with a server that is no Node
 * program: then nobody looked, and "nothing was tried" would be a guess.
 */
export async function readAttempts(file: string): Promise<readonly BlockedAttempts[] | null> {
  const text = await readIfThere(file);
  if (text === null) {
    return null;
  }
  // The copy still writes: what follows the last newline is a line on its way.
  const lines = text
    .split('\n')
    .slice(0, -1)
    .map((line) => lineSchema.parse(JSON.parse(line)));
  if (!lines.some((line) => line.kind === 'loaded')) {
    return null;
  }
  const counts = new Map<string, number>();
  for (const line of lines) {
    if (line.kind === 'refused') {
      counts.set(line.target, (counts.get(line.target) ?? 0) + 1);
    }
  }
  return [...counts]
    .map(([target, attempts]) => ({ target, attempts }))
    .sort((a, b) => b.attempts - a.attempts || a.target.localeCompare(b.target));
}
