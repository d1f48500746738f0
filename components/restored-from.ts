import { z } from 'zod';

/** What a database restored itself from, told by the platform once it is done. */
export const restoredFromSchema = z.object({
  /** Id of the backup that was used. */
  backup: z.string(),
  /** Backups that failed their check and were passed over. */
  skipped: z.array(z.object({ id: z.string(), reasons: z.array(z.string()) })).readonly(),
  /** Position in the write-ahead log, where the platform tells it. */
  replayedTo: z.string().nullable().default(null),
  /** Why less was replayed than has been shipped: a missing or damaged piece of the log. Null: all of it was. */
  shortfall: z.string().nullable().default(null),
});
export type RestoredFrom = z.infer<typeof restoredFromSchema>;
