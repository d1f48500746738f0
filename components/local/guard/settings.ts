import { z } from 'zod';
import type { LocalConfig } from '../config';

export const guardSettingsSchema = z.object({
  /** The environment's name, and the name server that tells who serves behind it. */
  name: z.string(),
  server: z.object({ address: z.string(), port: z.int() }),
  /** Name of the stack that this site belongs to. */
  stack: z.string(),
  /** Number of the newest cutover that the site was started in the knowledge of. */
  since: z.int().min(0),
  /** Folder of the stack in the site. */
  live: z.string(),
});
export type GuardSettings = z.infer<typeof guardSettingsSchema>;

/** Null for a drill's copy: it serves nobody, so nobody can have taken its place. */
export function guardSettings(config: LocalConfig, stack: string, live: string): GuardSettings | null {
  const { traffic, restore, startDespite, quarantine } = config;
  return quarantine === undefined
    ? {
        name: traffic.name,
        server: traffic.dns,
        stack,
        since: startDespite?.generation ?? restore?.generation ?? 0,
        live,
      }
    : null;
}
