import type pg from 'pg';
import { z } from 'zod';

export interface Digest {
  /** Versions of resources, and rows of current ones. */
  readonly rows: number;
  readonly digest: string;
}

const tablesSchema = z.array(z.object({ table_name: z.string() }));
const digestSchema = z.tuple([z.object({ rows: z.coerce.number(), digest: z.string() })]);

/** Ids and versions of all that was written up to a moment, deletes included: what a restored database must have. */
export async function dataUntil(database: pg.Client, moment: Date): Promise<Digest> {
  const { rows } = await database.query(
    `select table_name from information_schema.columns where column_name = 'lastUpdated' order by table_name`
  );
  const selects = tablesSchema.parse(rows).map(({ table_name: table }) => {
    const version = table.endsWith('_History') ? `"versionId"::text` : `"__version" || ':' || "deleted"`;
    return `select '${table} ' || "id" || ' ' || ${version} as row from "${table}" where "lastUpdated" <= $1`;
  });
  const all = selects.join(' union all ');
  const found = await database.query(
    `select count(*) as rows, md5(string_agg(row, ',' order by row)) as digest from (${all}) as everything`,
    [moment]
  );
  const [{ rows: count, digest }] = digestSchema.parse(found.rows);
  return { rows: count, digest };
}

/** The moment of the newest write. */
export async function databaseTime(database: pg.Client): Promise<Date> {
  const { rows } = await database.query<{ now: Date }>('select now()');
  return z.tuple([z.object({ now: z.date() })]).parse(rows)[0].now;
}
