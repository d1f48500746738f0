import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { makeWorkspace, REHEARSAL_ENVIRONMENT } from '../../../automation/rehearsal/workspace';
import { readStackConfig } from '../../../automation/stacks/project';
import { localSchema, siteFolders, type LocalConfig, type SiteFolders } from '../../../components/local/config';
import { databaseOf, healthUrlOf } from '../../../components/local/database';
import { replicationOf } from '../../../components/local/object-storage';
import { backUpNow } from '../../../components/local/postgresql/back-up-now';
import { factsOf, versionOf } from '../../../components/local/postgresql/facts';
import { initialise, start, stop } from '../../../components/local/postgresql/server';
import { startDaemon, stopDaemon } from '../../../components/local/process/daemon';
import { storeFileIn } from '../../../components/local/secrets';
import { secretsKey, writeSecrets } from '../../../components/local/secrets-store/store';
import { packageRoot } from '../../../components/package-root';
import { DATABASE_PASSWORD } from '../../../components/secret-names';
import { makeTables } from '../../medplum/tables';
import { testFolder, until } from '../postgresql/database-fixture';

export const PASSWORD = 'a-test-password';
export const VERSION = '5.0.10-test';

/**
 * A protected site with a real database, the real replication of objects, and in place of Medplum a program that does
 * nothing but write: rows and objects as fast as it can, each told in a file once it is committed.
 */
export interface ServingSite {
  readonly directory: string;
  readonly config: LocalConfig;
  readonly folders: SiteFolders;
  readonly replica: string;
  readonly keyFile: string;
  readonly connection: pg.ClientConfig;
  /** The file in which the writer tells the number of each committed row, a line each. */
  readonly committed: string;
  readonly startWriter: () => Promise<void>;
  readonly query: (sql: string) => Promise<Record<string, unknown>[]>;
  readonly remove: () => Promise<void>;
}

const WRITER = `
  const { appendFileSync, mkdirSync, writeFileSync, renameSync } = require('node:fs');
  const { Client } = require('pg');
  const { connection, committed, objects, port } = JSON.parse(process.env.WRITER);
  const version = (n) => '4f1a0c7e-0000-4000-8000-' + String(n).padStart(12, '0');
  (async () => {
    const client = new Client(connection);
    await client.connect();
    require('node:http').createServer((_request, response) =>
      response.end(JSON.stringify({ ok: true, version: '${VERSION}', postgres: true }))).listen(port, '127.0.0.1');
    const { rows } = await client.query('select coalesce(max(n), 0)::int as n from written');
    for (let n = rows[0].n + 1; ; n += 1) {
      mkdirSync(objects + '/' + version(n), { recursive: true });
      writeFileSync(objects + '/' + version(n) + '/' + version(n), 'object ' + n);
      await client.query('insert into written values ($1)', [n]);
      appendFileSync(committed, n + '\\n');
    }
  })();
`;

export async function startServingSite(): Promise<ServingSite> {
  const directory = await testFolder();
  const { project, outside } = await makeWorkspace(directory, null);
  const config = localSchema.parse(await readStackConfig(project, REHEARSAL_ENVIRONMENT));
  const { site, recoverySite } = config;
  const folders = siteFolders(project.directory, site, REHEARSAL_ENVIRONMENT);
  const { replica } = siteFolders(project.directory, recoverySite!, REHEARSAL_ENVIRONMENT);
  const dataDirectory = path.join(folders.live, 'database');
  const objects = path.join(folders.live, 'objects');
  const keyFile = path.join(outside, 'keys', 'secrets.key');
  const connection = { ...databaseOf(site), password: PASSWORD };
  const committed = path.join(directory, 'committed');
  const daemon = (name: string, command: string[], environment: Record<string, string>): Promise<number> =>
    startDaemon({
      command,
      folder: packageRoot(),
      environment: { PATH: process.env['PATH'] ?? '', ...environment },
      logFile: path.join(folders.logs, `${name}.log`),
      pidFile: path.join(folders.live, 'run', `${name}.pid`),
    });
  const query = async (sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client(connection);
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  await mkdir(objects, { recursive: true });
  await writeFile(path.join(folders.live, 'site.json'), '{}');
  await writeSecrets([storeFileIn(folders.live)], await secretsKey(keyFile), new Map([[DATABASE_PASSWORD, PASSWORD]]));
  const { host: address, port, user: username, database } = databaseOf(site);
  const archive = { directory: path.join(replica, 'wal'), timeoutSeconds: 5 };
  await initialise({ dataDirectory, address, port, username, database, password: PASSWORD, archive });
  await start({ dataDirectory, logFile: path.join(folders.logs, 'postgresql.log') });
  const client = new pg.Client(connection);
  await client.connect();
  await makeTables(client, ['Patient']);
  await client.query('create table written (n integer primary key)');
  const facts = (): ReturnType<typeof factsOf> => factsOf(client, healthUrlOf(site));
  await backUpNow({ connection, dataDirectory, replica, keep: 2, facts });
  await client.end();
  const replication = path.join(packageRoot(), 'components', 'local', 'replication', 'main.ts');
  await daemon('object-replication', [process.execPath, '-r', 'tsx/cjs', replication], {
    MEDPLUM_DR_REPLICATION: JSON.stringify(replicationOf(objects, replica)),
  });
  return {
    ...{ directory, config, folders, replica, keyFile, connection, committed, query },
    startWriter: async () => {
      const writer = { connection, committed, objects, port: site.ports.application };
      await daemon('application', [process.execPath, '-e', WRITER], { WRITER: JSON.stringify(writer) });
      await until('the writer to serve', async () => (await versionOf(healthUrlOf(site))) === VERSION);
    },
    remove: async () => {
      for (const name of ['application', 'object-replication']) {
        await stopDaemon(path.join(folders.live, 'run', `${name}.pid`));
      }
      await stop({ dataDirectory, mode: 'immediate' });
      await rm(directory, { recursive: true });
    },
  };
}
