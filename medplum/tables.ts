import type * as pg from 'pg';
import { escapeIdentifier } from 'pg';
import { z } from 'zod';

/*
 * Medplum keeps every resource type T in a table "T" (the newest version of each id) and a table "T_History" (every
 * version). Seen on Medplum 5.0.10: 162 such types in one schema.
 */

const typeRowsSchema = z.array(z.object({ type: z.string() }));

/** Resource types of a Medplum database, sorted: every table T that also has a table T_History. */
export async function resourceTypes(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<Record<string, unknown>>(
    `select main.relname as type
       from pg_class main
       join pg_class history on history.relnamespace = main.relnamespace and history.relname = main.relname || '_History'
      where main.relnamespace = current_schema()::regnamespace
        and main.relkind in ('r', 'p') and history.relkind in ('r', 'p')
      order by main.relname collate "C"`
  );
  return typeRowsSchema.parse(rows).map((row) => row.type);
}

/** The quoted tables of a type, and the type as an SQL string. */
export interface TypeTables {
  readonly literal: string;
  readonly main: string;
  readonly history: string;
}

/**
 * Runs one SELECT per type as a single statement: 162 round trips to a database in another region would take a minute.
 * @returns no row without a round trip when there are no types.
 */
export async function selectOverTypes(
  client: pg.ClientBase,
  types: readonly string[],
  select: (tables: TypeTables) => string,
  parameters: readonly unknown[] = []
): Promise<unknown[]> {
  if (types.length === 0) {
    return [];
  }
  const statement = types.map((type) => `(${select(tablesOf(type))})`).join('\nunion all\n');
  const { rows } = await client.query<Record<string, unknown>>(statement, [...parameters]);
  return rows;
}

function tablesOf(type: string): TypeTables {
  return {
    literal: `'${type.replaceAll("'", "''")}'::text`,
    main: escapeIdentifier(type),
    history: escapeIdentifier(`${type}_History`),
  };
}

/** PostgreSQL's text of a count (a bigint, so text in `pg`) as a number. */
export const countSchema = z.coerce.number().int().nonnegative();

/** A timestamp of `pg` as an ISO instant in milliseconds, the precision Medplum writes. */
export const instantSchema = z.date().transform((date) => date.toISOString());
