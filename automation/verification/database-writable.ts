import { z } from 'zod';
import { judged, type Check } from './check';
import type { DatabaseCheckContext } from './context';

const named = { id: 'database-writable', title: 'The restored database takes writes' };

/** A standby or read-only database is healthy by Medplum's own check (seen on Medplum 5.0.10), so it is asked itself. */
export async function databaseWritable({ database }: DatabaseCheckContext): Promise<Check> {
  const { rows } = await database.query(
    `select pg_is_in_recovery() as recovering, setting as "readOnly", source
       from pg_settings where name = 'default_transaction_read_only'`
  );
  const [row] = z.array(z.object({ recovering: z.boolean(), readOnly: z.string(), source: z.string() })).parse(rows);
  if (row?.recovering !== false) {
    return judged(
      named,
      false,
      'it is a standby: it still replays the log of another database. Promote it (select pg_promote())'
    );
  }
  return row.readOnly === 'off'
    ? judged(named, true, 'promoted, and transactions may write')
    : judged(
        named,
        false,
        `default_transaction_read_only is on (set by: ${row.source}): reads work and every write fails. Set it to off there`
      );
}
