import type { AwsConfig } from './config';
import { CACHE_PORT } from './ports';

/*
 * The two JSON documents that Medplum's `aws:` config source reads from Secrets Manager, named by its parameters
 * DatabaseSecrets and RedisSecrets: their keys become its `database` and `redis` settings as they are.
 */

export interface DatabaseAccess {
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
  readonly username: string;
  readonly password: string;
}

export function databaseDocument({ application, role }: AwsConfig, access: DatabaseAccess): string {
  const { databaseCertificates: ca } = application;
  return JSON.stringify({
    engine: 'postgres',
    host: access.host,
    port: access.port,
    dbname: access.databaseName,
    username: access.username,
    password: access.password,
    // Node knows the authorities of RDS only if it is told: without them it can encrypt, not prove whom it talks to.
    ssl: { require: true, ...(ca === undefined ? { rejectUnauthorized: false } : { ca, rejectUnauthorized: true }) },
    // A recovered database is not migrated before it is kept. This source reads no environment, so it is said here.
    ...(role === 'recovery' ? { disableRunPostDeployMigrations: true } : {}),
  });
}

export function redisDocument(access: { readonly host: string; readonly password: string }): string {
  // An empty `tls` turns TLS on; ElastiCache's certificates are signed by an authority that Node knows.
  return JSON.stringify({ host: access.host, port: CACHE_PORT, password: access.password, tls: {} });
}
