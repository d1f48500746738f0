import { ensureTrailingSlash } from '@medplum/core';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { defaultMigrations, defaultServerVersion, migrationsSchema } from './versions';

const port = z.coerce.number().int().min(1).max(65535);

const environmentSchema = z
  .object({
    MEDPLUM_PORT: port.default(8103),
    MEDPLUM_BASE_URL: z.url(),
    MEDPLUM_DATABASE_HOST: z.string(),
    MEDPLUM_DATABASE_PORT: port.default(5432),
    MEDPLUM_DATABASE_DBNAME: z.string(),
    MEDPLUM_DATABASE_USERNAME: z.string(),
    MEDPLUM_DATABASE_PASSWORD: z.string(),
    MEDPLUM_DATABASE_MAX_CONNECTIONS: z.coerce.number().int().min(2).default(20),
    MEDPLUM_DATABASE_DISABLE_RUN_POST_DEPLOY_MIGRATIONS: z.string().optional(),
    MEDPLUM_REDIS_HOST: z.string().optional(),
    MEDPLUM_REDIS_PORT: port.default(6379),
    MEDPLUM_REDIS_PASSWORD: z.string().optional(),
    MEDPLUM_BINARY_STORAGE: z
      .string()
      .refine((value) => value.startsWith('file:') && isAbsolute(value.slice('file:'.length)), {
        message: 'must be "file:" and an absolute folder; the stand-in has no other storage',
      }),
    MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID: z.guid().optional(),
    MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET: z.string().optional(),
    // Medplum needs a provider named to start without Amazon SES; the stand-in sends no mail.
    MEDPLUM_EMAIL_PROVIDER: z.string().optional(),
    MEDPLUM_ENABLE_STRICT_MIGRATION_VERSION_CHECKS: z.string().optional(),
    MEDPLUM_STANDIN_ADDRESS: z.string().default('127.0.0.1'),
    MEDPLUM_STANDIN_VERSION: z.string().default(defaultServerVersion),
    MEDPLUM_STANDIN_MIGRATIONS: migrationsSchema.default(defaultMigrations),
    NODE_ENV: z.string().optional(),
  })
  .refine(
    (values) =>
      (values.MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID === undefined) ===
      (values.MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET === undefined),
    {
      path: ['MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID'],
      message: 'and MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET go together',
    }
  )
  .transform((values) => ({
    address: values.MEDPLUM_STANDIN_ADDRESS,
    port: values.MEDPLUM_PORT,
    baseUrl: ensureTrailingSlash(values.MEDPLUM_BASE_URL),
    serverVersion: values.MEDPLUM_STANDIN_VERSION,
    migrations: values.MEDPLUM_STANDIN_MIGRATIONS,
    strictMigrations:
      values.NODE_ENV === 'production' || values.MEDPLUM_ENABLE_STRICT_MIGRATION_VERSION_CHECKS === 'true',
    database: {
      host: values.MEDPLUM_DATABASE_HOST,
      port: values.MEDPLUM_DATABASE_PORT,
      database: values.MEDPLUM_DATABASE_DBNAME,
      user: values.MEDPLUM_DATABASE_USERNAME,
      password: values.MEDPLUM_DATABASE_PASSWORD,
    },
    maxConnections: values.MEDPLUM_DATABASE_MAX_CONNECTIONS,
    // Seen on Medplum 5.0.10: any value disables them, "false" too.
    postDeployMigrationsDisabled: values.MEDPLUM_DATABASE_DISABLE_RUN_POST_DEPLOY_MIGRATIONS !== undefined,
    redis:
      values.MEDPLUM_REDIS_HOST === undefined
        ? undefined
        : { host: values.MEDPLUM_REDIS_HOST, port: values.MEDPLUM_REDIS_PORT, password: values.MEDPLUM_REDIS_PASSWORD },
    binaryFolder: values.MEDPLUM_BINARY_STORAGE.slice('file:'.length),
    superAdminClient:
      values.MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID === undefined ||
      values.MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET === undefined
        ? undefined
        : {
            id: values.MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID,
            secret: values.MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET,
          },
  }));

/** The configuration cannot be used; `problems` names every variable that is wrong, and never its value. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used: ${problems.join('; ')}`);
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

export type ServerConfiguration = z.output<typeof environmentSchema>;

/**
 * Reads Medplum's own variable names. An empty variable counts as absent.
 * @throws ConfigurationError with all problems at once.
 */
export function configurationFromEnvironment(environment: NodeJS.ProcessEnv): ServerConfiguration {
  const present = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(present);
  if (!parsed.success) {
    throw new ConfigurationError(
      parsed.error.issues.map((issue) => {
        const name = String(issue.path[0]);
        return present[name] === undefined ? `${name} is missing` : `${name} ${issue.message}`;
      })
    );
  }
  return parsed.data;
}
