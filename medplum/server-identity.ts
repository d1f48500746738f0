import type * as pg from 'pg';
import { z } from 'zod';

const identityRowSchema = z.object({ systemIdentifier: z.string(), timeline: z.number().int() });

/** SQLSTATEs with which a managed PostgreSQL refuses to tell: insufficient privilege, feature not supported. */
const REFUSALS: ReadonlySet<unknown> = new Set(['42501', '0A000']);

/**
 * Which database cluster this is, and which timeline it is on. Must be called in a transaction.
 * Both are null where a managed service does not let its users read them.
 */
export async function serverIdentity(
  client: pg.ClientBase
): Promise<{ systemIdentifier: string | null; timeline: number | null }> {
  await client.query('savepoint server_identity');
  try {
    // Right after a promotion the last checkpoint still names the old timeline, so the WAL file's name is asked first.
    const { rows } = await client.query<Record<string, unknown>>(
      `select (select system_identifier::text from pg_control_system()) as "systemIdentifier",
              case when pg_is_in_recovery() then (select timeline_id from pg_control_checkpoint())
                   else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline`
    );
    return identityRowSchema.parse(rows[0]);
  } catch (error) {
    if (!REFUSALS.has((error as { code?: unknown }).code)) {
      throw error;
    }
    await client.query('rollback to savepoint server_identity');
    return { systemIdentifier: null, timeline: null };
  }
}
