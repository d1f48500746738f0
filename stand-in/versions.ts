import { z } from 'zod';

/** Positions of the two migration counters that Medplum keeps in its `DatabaseMigration` row. */
export interface MigrationVersions {
  /** Pre-deploy (schema) migrations. */
  version: number;
  /** Post-deploy (data) migrations. */
  dataVersion: number;
}

/** Medplum 5.0.10 is the release whose answers are imitated; the suffix says that this is not that server. */
export const defaultServerVersion = '5.0.10-standin';

/** The migrations that Medplum 5.0.10 knows, seen in a freshly seeded database. */
export const defaultMigrations: MigrationVersions = { version: 100, dataVersion: 31 };

/** The text form of both counters, as `MEDPLUM_STANDIN_MIGRATIONS` has it: `"<version>,<dataVersion>"`. */
export const migrationsSchema = z
  .string()
  .regex(/^\d+,\d+$/, 'must be "<version>,<dataVersion>", two whole numbers')
  .transform((text): MigrationVersions => {
    const [version, dataVersion] = text.split(',').map(Number);
    return { version: version ?? 0, dataVersion: dataVersion ?? 0 };
  });

/**
 * The message with which a server refuses a database that is too old for it, or undefined when it accepts it.
 * A database that is newer is accepted without a word, as seen on Medplum 5.0.10.
 */
export function refusal(
  database: MigrationVersions,
  server: MigrationVersions & { serverVersion: string; strict: boolean }
): string | undefined {
  if (!server.strict || database.dataVersion >= server.dataVersion) {
    return undefined;
  }
  const pending = database.dataVersion + 1;
  return (
    `Unable to run this version of Medplum server. Pending post-deploy migration v${pending} requires a server version ` +
    `before this one, but current server version is ${server.serverVersion}`
  );
}
