import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { REHEARSAL_ENVIRONMENT } from '../../../automation/rehearsal/workspace';
import { backUpNow, type BackedUp } from '../../../components/local/postgresql/back-up-now';
import { markRecoveryPoint } from '../../../components/local/postgresql/recovery-points';
import { restore, type Restored, type RestoreOptions } from '../../../components/local/postgresql/restore';
import { initialise, start, stop } from '../../../components/local/postgresql/server';

/** A real server with a replica beside it, and everything restored from that; all gone after `remove`. */
export interface DatabaseFixture {
  readonly folder: string;
  readonly dataDirectory: string;
  readonly replica: string;
  readonly connection: pg.ClientConfig;
  /** Opens a session, uses it and ends it. */
  readonly query: (sql: string, connection?: pg.ClientConfig) => Promise<Record<string, unknown>[]>;
  readonly backUp: (keep?: number) => Promise<BackedUp>;
  readonly mark: (facts?: string) => Promise<{ id: string; time: Date; lsn: string }>;
  /** Restores into a new folder and port. */
  readonly restoreTo: (
    name: string,
    options: Pick<RestoreOptions, 'bases' | 'target'> & Partial<RestoreOptions>
  ) => Promise<Restored & { dataDirectory: string; connection: pg.ClientConfig }>;
  readonly remove: () => Promise<void>;
}

const PASSWORD = "it's a pass'word";

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'medplum-dr-postgresql-'));
  // PostgreSQL's own user has to get through.
  await chmod(folder, 0o755);
  return folder;
}

export async function until(what: string, isSo: () => Promise<boolean>, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await isSo())) {
    if (Date.now() > deadline) {
      throw new Error(`not within ${seconds} s: ${what}`);
    }
    await delay(50);
  }
}

export async function startDatabase(): Promise<DatabaseFixture> {
  const folder = await testFolder();
  const dataDirectory = join(folder, 'data');
  // Where a site keeps what the stack of that name ships to it.
  const replica = join(folder, 'replica', REHEARSAL_ENVIRONMENT);
  const [address, port] = ['127.0.0.1', await freePort()];
  const login = { host: address, user: 'medplum', database: 'medplum', password: PASSWORD };
  const connection = { ...login, port };
  await initialise({
    ...{ dataDirectory, address, port, username: 'medplum', password: PASSWORD, database: 'medplum' },
    archive: { directory: join(replica, 'wal'), timeoutSeconds: 5 },
  });
  await start({ dataDirectory, logFile: join(folder, 'postgresql.log') });
  const made = [dataDirectory];
  return {
    folder,
    dataDirectory,
    replica,
    connection,
    query: async (sql, to = connection) => {
      const client = new pg.Client(to);
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    backUp: (keep = 2) =>
      backUpNow({ connection, dataDirectory, replica, keep, facts: () => Promise.resolve({ from: 'test' }) }),
    mark: (facts = 'a mark') => markRecoveryPoint({ connection, replica, facts }),
    restoreTo: async (name, options) => {
      const place = { dataDirectory: join(folder, name), address, port: await freePort() };
      made.push(place.dataDirectory);
      const restored = await restore({ replica, logFile: join(folder, `${name}.log`), ...place, ...options });
      return { ...restored, ...place, connection: { ...login, port: place.port } };
    },
    remove: async () => {
      for (const each of made) {
        await stop({ dataDirectory: each, mode: 'immediate' });
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
