import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { initialise, start, stop } from '../../components/local/postgresql/server';

export interface TestDatabase {
  readonly port: number;
  readonly password: string;
  readonly database: string;
  readonly user: string;
  /** A folder of the test's own, removed by `remove`. */
  readonly folder: string;
  connect(): Promise<Client>;
  remove(): Promise<void>;
}

/** A PostgreSQL of the test's own with an empty database. */
export async function startDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-test-'));
  await chmod(folder, 0o755);
  const dataDirectory = path.join(folder, 'data');
  const password = randomBytes(12).toString('hex');
  const names = { username: 'medplum', database: 'medplum' };
  const port = await freePort();
  await initialise({ dataDirectory, password, address: '127.0.0.1', port, ...names });
  await start({ dataDirectory, logFile: path.join(folder, 'postgresql.log') });
  return {
    port,
    password,
    database: names.database,
    user: names.username,
    folder,
    connect: async () => {
      const client = new Client({ host: '127.0.0.1', port, user: names.username, password, database: names.database });
      await client.connect();
      return client;
    },
    remove: async () => {
      await stop({ dataDirectory, mode: 'immediate' });
      await rm(folder, { recursive: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
