import { Client, Pool, type PoolClient } from 'pg';
import type { ServerConfiguration } from './configuration';
import { log } from './log';

/** What a statement can be sent to: the pool, or the one connection of a transaction. */
export type Queryable = Pick<PoolClient, 'query'>;

const applicationName = 'medplum-standin';

/** One connection for the start, which is given up after 2 s: a server without a database ends soon. */
export async function connectForStart(database: ServerConfiguration['database']): Promise<Client> {
  const client = new Client({ ...database, connectionTimeoutMillis: 2000, application_name: applicationName });
  client.on('error', (error) => {
    log('WARN', 'Database connection lost', { error: error.message });
  });
  await client.connect();
  return client;
}

/**
 * A pool that survives the database: it connects on demand, gives up on a connection after 10 s, and drops connections
 * that the database closed.
 */
export function openPool({ database, maxConnections }: ServerConfiguration): Pool {
  const pool = new Pool({
    ...database,
    max: maxConnections,
    connectionTimeoutMillis: 10_000,
    application_name: applicationName,
  });
  pool.on('error', (error) => {
    log('WARN', 'Database connection lost', { error: error.message });
  });
  return pool;
}

/** Runs `work` in one transaction and returns after its commit; any error rolls back. */
export async function inTransaction<T>(
  pool: Pool,
  isolation: 'READ COMMITTED' | 'SERIALIZABLE',
  work: (client: PoolClient) => Promise<T>
): Promise<T> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    try {
      const result = await work(client);
      await client.query('COMMIT');
      broken = false;
      return result;
    } catch (error) {
      await client.query('ROLLBACK').then(
        () => {
          broken = false;
        },
        () => {
          // The connection is gone and its transaction with it; the first error is the one to tell.
        }
      );
      throw error;
    }
  } finally {
    client.release(broken);
  }
}

// How many rows a cursor gives at a time.
const blockSize = 2000;

/** The `content` of each row of a query, from one snapshot, a block at a time. */
export async function* contents(
  database: Pool | PoolClient,
  text: string,
  values: readonly unknown[]
): AsyncGenerator<string> {
  const own = database instanceof Pool ? await database.connect() : undefined;
  const client = own ?? (database as PoolClient);
  let ended = false;
  try {
    if (own !== undefined) {
      await client.query('BEGIN');
    }
    await client.query(`DECLARE contents NO SCROLL CURSOR FOR ${text}`, [...values]);
    for (let size = blockSize; size === blockSize;) {
      const { rows } = await client.query<{ content: string }>(`FETCH ${String(blockSize)} FROM contents`);
      for (const { content } of rows) {
        yield content;
      }
      size = rows.length;
    }
    await client.query('CLOSE contents');
    if (own !== undefined) {
      await client.query('COMMIT');
    }
    ended = true;
  } finally {
    // A connection left inside its transaction is not given back.
    own?.release(!ended);
  }
}

/** True for PostgreSQL's "could not serialize access": the same transaction may succeed when tried again. */
export function isSerializationFailure(error: unknown): boolean {
  return stateOf(error) === '40001';
}

/** True when PostgreSQL refused a value or a constraint was violated: it is one row's fault, not the database's. */
export function isDataError(error: unknown): boolean {
  return ['22', '23'].includes(stateOf(error).slice(0, 2));
}

function stateOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
