import type * as pg from 'pg';
import { z } from 'zod';
import { serverIdentity } from './server-identity';
import { pickSamples, sampleSchema } from './samples';
import { countSchema, instantSchema, resourceTypes, selectOverTypes } from './tables';

/** What a Medplum database holds at one moment. Stored as JSON with a recovery point; a restore is held against it. */
export const databaseFingerprintSchema = z.object({
  /** ISO instant by the database's clock. */
  takenAt: z.string(),
  /** Ids of the active signing keys, sorted: the `kid`s of the server's JWKS. */
  signingKeyIds: z.array(z.string()),
  /** Live resources of every type, types with none included. */
  resourceCounts: z.record(z.string(), z.number()),
  /** Medplum's schema version; null when the table or its row is missing. */
  migration: z.object({ version: z.number(), dataVersion: z.number(), firstBoot: z.boolean() }).nullable(),
  /** ISO instant of the newest version of any resource, by the Medplum server's clock. */
  newestWriteAt: z.string().nullable(),
  /** Clinical resources to be looked for by search after a restore. */
  samples: z.array(sampleSchema),
  /** The database cluster's own id: a physical restore keeps it. Null where the server does not tell it. */
  systemIdentifier: z.string().nullable(),
  /** Grows by one with each promotion or point-in-time restore. Null where the server does not tell it. */
  timeline: z.number().nullable(),
  postgresqlVersion: z.string(),
  extensions: z.array(z.object({ name: z.string(), version: z.string() })),
  /** AsyncJobs that wait or run: after a restore no job is behind them. Null when there is no such table. */
  unfinishedAsyncJobs: z.number().nullable(),
});
export type DatabaseFingerprint = z.infer<typeof databaseFingerprintSchema>;

export interface FingerprintOptions {
  /** Only resources of this project are sampled: an ordinary client can search no other. */
  readonly sampleProject?: string;
}

/**
 * Takes the fingerprint of a Medplum database in one read-only snapshot, so that its parts agree with each other.
 * `client` must not be in a transaction. Works on a standby too.
 */
export async function takeFingerprint(
  client: pg.ClientBase,
  options: FingerprintOptions = {}
): Promise<DatabaseFingerprint> {
  await client.query('begin isolation level repeatable read read only');
  try {
    const fingerprint = await readFingerprint(client, options);
    await client.query('commit');
    return fingerprint;
  } catch (error) {
    // A rollback on a broken connection fails too; the first error is the one to tell.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function readFingerprint(client: pg.ClientBase, options: FingerprintOptions): Promise<DatabaseFingerprint> {
  const server = await readServer(client);
  const types = await resourceTypes(client);
  const tables = await readTables(client, types);
  return {
    ...server,
    ...(await serverIdentity(client)),
    signingKeyIds: await readSigningKeyIds(client, types),
    resourceCounts: Object.fromEntries(tables.map((table) => [table.type, table.live])),
    migration: await readMigration(client),
    newestWriteAt:
      tables
        .flatMap((table) => (table.newest === null ? [] : [table.newest]))
        .sort()
        .at(-1) ?? null,
    samples: await pickSamples(client, tables, options.sampleProject),
    unfinishedAsyncJobs: await countUnfinishedAsyncJobs(client, types),
  };
}

const serverRowSchema = z.object({
  takenAt: instantSchema,
  postgresqlVersion: z.string(),
  extensions: databaseFingerprintSchema.shape.extensions,
});

async function readServer(client: pg.ClientBase): Promise<z.infer<typeof serverRowSchema>> {
  // The first statement takes the snapshot, so its clock is the snapshot's.
  const { rows } = await client.query<Record<string, unknown>>(
    `select clock_timestamp() as "takenAt", current_setting('server_version') as "postgresqlVersion",
            (select coalesce(json_agg(json_build_object('name', extname, 'version', extversion) order by extname), '[]')
               from pg_extension) as extensions`
  );
  return serverRowSchema.parse(rows[0]);
}

const tableRowsSchema = z.array(z.object({ type: z.string(), live: countSchema, newest: instantSchema.nullable() }));

async function readTables(client: pg.ClientBase, types: readonly string[]): Promise<z.infer<typeof tableRowsSchema>> {
  const rows = await selectOverTypes(
    client,
    types,
    ({ literal, main, history }) => `
      select ${literal} as type, (select count(*) from ${main} where not deleted) as live,
             (select max("lastUpdated") from ${history}) as newest`
  );
  return tableRowsSchema.parse(rows);
}

const idRowsSchema = z.array(z.object({ id: z.string() }));

async function readSigningKeyIds(client: pg.ClientBase, types: readonly string[]): Promise<string[]> {
  // Medplum has `active` as a search column too, made from the content: the content is there on every layout.
  const rows = await selectOverTypes(
    client,
    types.filter((type) => type === 'JsonWebKey'),
    ({ main }) => `select id from ${main}
                    where case when deleted then false else (content::jsonb ->> 'active')::boolean end`
  );
  return idRowsSchema
    .parse(rows)
    .map((row) => row.id)
    .sort();
}

const migrationRowsSchema = z.array(databaseFingerprintSchema.shape.migration.unwrap());

async function readMigration(client: pg.ClientBase): Promise<DatabaseFingerprint['migration']> {
  const table = await client.query<{ exists: boolean }>(
    `select to_regclass(quote_ident(current_schema()) || '."DatabaseMigration"') is not null as exists`
  );
  if (table.rows[0]?.exists !== true) {
    return null;
  }
  const { rows } = await client.query<Record<string, unknown>>(
    `select version, "dataVersion", "firstBoot" from "DatabaseMigration" where id = 1`
  );
  return migrationRowsSchema.parse(rows)[0] ?? null;
}

const asyncJobRowsSchema = z.array(z.object({ unfinished: countSchema }));

async function countUnfinishedAsyncJobs(client: pg.ClientBase, types: readonly string[]): Promise<number | null> {
  const rows = await selectOverTypes(
    client,
    types.filter((type) => type === 'AsyncJob'),
    ({ main }) => `select count(*) as unfinished from ${main}
                    where case when deleted then false
                               else content::jsonb ->> 'status' in ('accepted', 'active') end`
  );
  return asyncJobRowsSchema.parse(rows)[0]?.unfinished ?? null;
}
