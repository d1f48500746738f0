import type { Pool } from 'pg';
import { Authentication } from './authentication';
import { BinaryStorage } from './binary-storage';
import { type Cache, InProcessCache } from './cache';
import type { ServerConfiguration } from './configuration';
import { CronSchedules } from './cron';
import { openPool } from './database';
import { SigningKeys } from './keys';
import { prepareDatabase } from './migrations';
import { RedisCache } from './redis-cache';
import { ResourceCache } from './resource-cache';
import { ResourceWriter } from './resource-writer';
import { loadSearchParameters } from './search-parameters';
import { Subscriptions } from './subscriptions';

/** A started server's parts, as the routes use them. */
export interface Application {
  readonly configuration: ServerConfiguration;
  readonly pool: Pool;
  readonly cache: Cache;
  readonly storage: BinaryStorage;
  readonly cron: CronSchedules;
  readonly keys: SigningKeys;
  readonly authentication: Authentication;
  readonly writer: ResourceWriter;
  close(): Promise<void>;
}

/**
 * Starts everything but the port, in Medplum's order: database and migrations, seed, keys.
 * @throws when the database cannot be used; nothing is left open then.
 */
export async function startApplication(configuration: ServerConfiguration): Promise<Application> {
  await prepareDatabase(configuration);
  const pool = openPool(configuration);
  try {
    const keys = await SigningKeys.load(pool);
    loadSearchParameters();
    const cache = configuration.redis === undefined ? new InProcessCache() : new RedisCache(configuration.redis);
    const resources = new ResourceCache(cache);
    const storage = new BinaryStorage(configuration.binaryFolder);
    const cron = new CronSchedules(cache);
    const subscriptions = await Subscriptions.load(pool);
    return {
      configuration,
      pool,
      cache,
      storage,
      cron,
      keys,
      authentication: new Authentication({ pool, cache, resources, keys, baseUrl: configuration.baseUrl }),
      writer: new ResourceWriter({ pool, resources, cron, subscriptions, storage }),
      close: async () => {
        await Promise.all([pool.end(), cache.close()]);
      },
    };
  } catch (error) {
    await pool.end();
    throw error;
  }
}
