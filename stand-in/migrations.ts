import type { ServerConfiguration } from './configuration';
import { connectForStart, type Queryable } from './database';
import { log } from './log';
import { createSchema } from './schema';
import { seed } from './seed';
import { type MigrationVersions, refusal } from './versions';

// Medplum's lock for migrations, and how long it waits for it: 30 tries, 2 s apart.
const migrationLock = 1;
const lockTimeout = '60s';

/** The one row of `DatabaseMigration`. */
export interface MigrationRow extends MigrationVersions {
  firstBoot: boolean;
}

/**
 * Brings the database to where this server needs it, under Medplum's advisory lock: schema, version gate, seed.
 * The order is Medplum's, flaws included: `version` is moved before the gate refuses, and a database that is newer
 * than the server passes unnoticed. Writes nothing when nothing is pending.
 * @throws when the database cannot be reached, cannot be written, or is too old for this server in production.
 */
export async function prepareDatabase(configuration: ServerConfiguration): Promise<void> {
  const client = await connectForStart(configuration.database);
  try {
    await client.query(`SET lock_timeout = '${lockTimeout}'`);
    await client.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await migrate(client, configuration);
  } finally {
    // Closing the connection gives back the lock.
    await client.end();
  }
}

async function migrate(client: Queryable, configuration: ServerConfiguration): Promise<void> {
  const { migrations } = configuration;
  // Fails on a standby and on a read-only database even where the table exists, as Medplum's start does.
  await client.query(
    `CREATE TABLE IF NOT EXISTS "DatabaseMigration" (id integer NOT NULL PRIMARY KEY, version integer NOT NULL,
     "dataVersion" integer NOT NULL, "firstBoot" boolean NOT NULL DEFAULT false)`
  );
  const row = (await readMigrationRow(client)) ?? { version: 0, dataVersion: 0, firstBoot: true };
  if (row.version < migrations.version) {
    await createSchema(client);
    await client.query(
      `INSERT INTO "DatabaseMigration" (id, version, "dataVersion", "firstBoot") VALUES (1, $1, $2, $3)
       ON CONFLICT (id) DO UPDATE SET version = EXCLUDED.version`,
      [migrations.version, row.dataVersion, row.firstBoot]
    );
  }
  if (row.firstBoot) {
    // In one transaction, so that a start that dies while seeding leaves nothing half done.
    await client.query('BEGIN');
    await seed(client, configuration);
    await client.query('UPDATE "DatabaseMigration" SET "dataVersion" = $1, "firstBoot" = false WHERE id = 1', [
      migrations.dataVersion,
    ]);
    await client.query('COMMIT');
    return;
  }
  log('INFO', 'Already seeded');
  const message = refusal(row, {
    ...migrations,
    serverVersion: configuration.serverVersion,
    strict: configuration.strictMigrations,
  });
  if (message !== undefined) {
    throw new Error(message);
  }
  if (row.dataVersion < migrations.dataVersion && !configuration.postDeployMigrationsDisabled) {
    await client.query('UPDATE "DatabaseMigration" SET "dataVersion" = $1 WHERE id = 1', [migrations.dataVersion]);
  }
}

export async function readMigrationRow(client: Queryable): Promise<MigrationRow | undefined> {
  const result = await client.query<MigrationRow>(
    'SELECT version, "dataVersion", "firstBoot" FROM "DatabaseMigration" WHERE id = 1'
  );
  return result.rows[0];
}
