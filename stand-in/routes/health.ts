import type { Application } from '../application';
import { log } from '../log';
import { json, type Reply } from '../http';

/**
 * Medplum's health check, flaws included: `ok` is always true, a read-only or freshly seeded database is healthy, and
 * a database that is away is a 500. `redis` is left out when there is no Redis.
 */
export async function health(application: Application): Promise<Reply> {
  try {
    const postgres = await databaseAnswers(application);
    const redis = await application.cache.ping();
    return json(200, {
      ok: true,
      version: application.configuration.serverVersion,
      platform: 'medplum-dr stand-in',
      runtime: process.version,
      postgres,
      redis,
    });
  } catch (error) {
    log('ERROR', 'Health check failed', { error: error instanceof Error ? error.message : String(error) });
    return json(500, { msg: 'Internal Server Error' });
  }
}

async function databaseAnswers({ pool }: Application): Promise<boolean> {
  const ask = async (): Promise<boolean> => (await pool.query('SELECT 1')).rowCount === 1;
  try {
    return await ask();
  } catch {
    // The pool's connection may have died with a database that is back already; a fresh one tells.
    return ask();
  }
}

/** What this server is, for whoever opens it in a browser. */
export function root(application: Application): Reply {
  return json(200, {
    name: 'medplum-dr stand-in',
    notice: 'A stand-in for Medplum, for recovery drills. It is not Medplum and holds no real data.',
    version: application.configuration.serverVersion,
  });
}
