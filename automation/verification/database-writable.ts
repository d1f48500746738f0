import { z } from 'zod';
import { judged, type Check } from './check';
import type { DatabaseCheckContext } from './context';

const named = { id: 'database-writable', title: 'The restored database takes writes' };

/** A standby or read-only database is healthy by Medplum's own check (seen on Medplum 5.0.10), so it is asked itself. */
export async function databaseWritable({ database }: DatabaseCheckContext): Promise<Check> {
  const { rows } = await database.query(
    `select pg_is_in_recovery() as recovering, current_setting('transaction_read_only') as "readOnly"`
  );
  const [row] = z.array(z.object({ recovering: z.boolean(), readOnly: z.string() })).parse(rows);
  const good = row !== undefined && !row.recovering && row.readOnly === 'off';
  return judged(named, good, good ? 'promoted, and transactions may write' : 'it is in recovery or read-only');
}
