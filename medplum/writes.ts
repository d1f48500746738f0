import type * as pg from 'pg';
import { z } from 'zod';
import { countSchema, instantSchema, resourceTypes, selectOverTypes } from './tables';

const newestRowsSchema = z.array(z.object({ newest: instantSchema.nullable() }));

/**
 * Time of the newest write of any resource, deletes included; null when nothing was ever written.
 * The time is the Medplum server's clock, not the database's.
 */
export async function newestWrite(client: pg.ClientBase): Promise<string | null> {
  const rows = await selectOverTypes(
    client,
    await resourceTypes(client),
    ({ history }) => `select max("lastUpdated") as newest from ${history}`
  );
  const newest = newestRowsSchema.parse(rows).flatMap((row) => (row.newest === null ? [] : [row.newest]));
  return newest.sort().at(-1) ?? null;
}

const writeRowsSchema = z.array(z.object({ type: z.string(), writes: countSchema }));

/** Versions written after a moment, deletes included, per type; types without any are left out. */
export async function writesAfter(client: pg.ClientBase, at: Date): Promise<Record<string, number>> {
  const rows = await selectOverTypes(
    client,
    await resourceTypes(client),
    ({ literal, history }) =>
      `select ${literal} as type, count(*) as writes from ${history} where "lastUpdated" > $1::timestamptz`,
    [at]
  );
  const counts = writeRowsSchema.parse(rows).filter((row) => row.writes > 0);
  return Object.fromEntries(counts.map((row) => [row.type, row.writes]));
}

const binaryVersionSchema = z.object({ id: z.string(), versionId: z.string(), lastUpdated: instantSchema });

/** A live Binary. Its bytes are in the object store under `binary/{id}/{versionId}`. */
export type BinaryVersion = z.infer<typeof binaryVersionSchema>;

/** The newest version of every live Binary, oldest first. */
export async function binaryVersions(client: pg.ClientBase): Promise<BinaryVersion[]> {
  const types = await resourceTypes(client);
  const rows = await selectOverTypes(
    client,
    types.filter((type) => type === 'Binary'),
    // The case keeps the empty content of a deleted row away from the cast.
    ({ main }) => `select id, case when deleted then null else content::jsonb #>> '{meta,versionId}' end as "versionId",
                          "lastUpdated"
                     from ${main} where not deleted order by "lastUpdated", id`
  );
  return z.array(binaryVersionSchema).parse(rows);
}
