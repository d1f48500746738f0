import type * as pg from 'pg';

const MEGABYTE = 1e6;

/** Rows of one statement: each is a session's transaction of about 20 MB. */
const COPIES = `
  with source as (
    select gen_random_uuid() as id, gen_random_uuid() as version, date_trunc('milliseconds', clock_timestamp()) as at,
           content::jsonb as resource, "projectId", compartments
      from (select * from "Observation" where not deleted limit 5000) existing
  ), written as materialized (
    select id, version, at, "projectId", compartments,
           (resource || jsonb_build_object('id', id, 'meta', resource -> 'meta' || jsonb_build_object('versionId', version,
             'lastUpdated', to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))))::text as content
      from source
  ), main as (
    insert into "Observation" (id, content, "lastUpdated", deleted, "projectId", __version, compartments)
    select id, content, at, false, "projectId", 1, compartments from written
  )
  insert into "Observation_History" ("versionId", id, content, "lastUpdated") select version, id, content, at from written`;

/** Copies Observations, in Medplum's table layout, until the database has a size. */
export async function growDatabase(client: pg.Client, megabytes: number): Promise<void> {
  await copyUntil(client, 'select pg_database_size(current_database()) >= $1::float8 as done', [megabytes * MEGABYTE]);
}

/** Copies Observations until so much write-ahead log was written. */
export async function writeLog(client: pg.Client, megabytes: number): Promise<void> {
  const { rows } = await client.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  await copyUntil(client, 'select pg_wal_lsn_diff(pg_current_wal_lsn(), $2::pg_lsn) >= $1::float8 as done', [
    megabytes * MEGABYTE,
    rows[0]?.lsn,
  ]);
}

async function copyUntil(client: pg.Client, reached: string, values: readonly unknown[]): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ done: boolean }>(reached, [...values]);
    if (rows[0]?.done === true) {
      return;
    }
    await client.query(COPIES);
  }
}
