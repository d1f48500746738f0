import type * as pg from 'pg';
import { z } from 'zod';
import { countSchema, resourceTypes, selectOverTypes } from './tables';

/** How many live resources of a type there were at a moment known within a slack: never fewer, never more. */
export interface CountRange {
  readonly least: number;
  readonly most: number;
}

const rowsSchema = z.array(z.object({ type: z.string(), least: countSchema, most: countSchema }));

/**
 * Counts the live resources of each type as they were at `at`, from the history of a database that may have gone on.
 * So counts recorded with a recovery point are checked on a database restored to any later moment.
 *
 * A version is stamped by the Medplum server before it is committed, so a snapshot taken at `at` may or may not have
 * the versions stamped within `slackMs` of it. `least` takes every one of them the one way, `most` the other: an id
 * that was only updated in that time counts in both. With a slack of 0 they differ only where a write and a delete
 * of one id bear the same time.
 */
export async function countsAsOf(
  client: pg.ClientBase,
  at: Date,
  slackMs: number
): Promise<Record<string, CountRange>> {
  const from = new Date(at.getTime() - slackMs);
  const to = new Date(at.getTime() + slackMs);
  // What no version is newer than is counted where it lies: only what changed since needs the history, a small part of
  // it. The whole history of a million resources takes twenty times as long right after a restore.
  const rows = await selectOverTypes(
    client,
    await resourceTypes(client),
    ({ literal, main, history }) => `
      select ${literal} as type, settled.live + changed.least as least, settled.live + changed.most as most
        from (select count(*) as live from ${main} where not deleted and "lastUpdated" <= $1::timestamptz) settled,
             (select count(*) filter (where written > coalesce(removed, '-infinity') and not removed_within) as least,
                     count(*) filter (where written >= coalesce(removed, '-infinity') or written_within) as most
                from (select max("lastUpdated") filter (where content <> '' and "lastUpdated" <= $1) as written,
                             max("lastUpdated") filter (where content = '' and "lastUpdated" <= $1) as removed,
                             bool_or(content <> '' and "lastUpdated" > $1) as written_within,
                             bool_or(content = '' and "lastUpdated" > $1) as removed_within
                        from ${history}
                       where id in (select id from ${history} where "lastUpdated" > $1) and "lastUpdated" <= $2::timestamptz
                       group by id) versions) changed`,
    [from, to]
  );
  return Object.fromEntries(rowsSchema.parse(rows).map(({ type, least, most }) => [type, { least, most }]));
}
