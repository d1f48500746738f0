import { Redis } from 'ioredis';
import type { Cache } from './cache';
import { log } from './log';

/**
 * Milliseconds before the next try to connect. A command fails after 20 tries, and so with these steps after 10 s, as
 * seen on Medplum 5.0.10; ioredis 6 by itself would take over a minute.
 */
function reconnectDelay(tries: number): number {
  return Math.min(tries * 50, 2000);
}

/**
 * The cache in Redis, reconnecting by itself. Redis may be away when the server starts: the port opens all
 * the same and health fails, as seen on Medplum 5.0.10.
 */
export class RedisCache implements Cache {
  private readonly redis: Redis;

  constructor(address: { host: string; port: number; password: string | undefined }) {
    this.redis = new Redis({ ...address, retryStrategy: reconnectDelay });
    this.redis.on('error', (error: Error) => {
      log('WARN', 'Redis connection failed', { error: error.message });
    });
  }

  async ping(): Promise<true> {
    await this.redis.ping();
    return true;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.redis.get(key)) ?? undefined;
  }

  async set(entries: readonly (readonly [string, string])[], seconds: number): Promise<void> {
    const pipeline = this.redis.pipeline();
    for (const [key, value] of entries) {
      pipeline.set(key, value, 'EX', seconds);
    }
    const results = await pipeline.exec();
    const failure = results?.find(([error]) => error !== null)?.[0];
    if (failure) {
      throw failure;
    }
  }

  async delete(key: string): Promise<void> {
    await this.redis.del(key);
  }

  async fields(map: string): Promise<Record<string, string>> {
    return this.redis.hgetall(map);
  }

  async setField(map: string, field: string, value: string): Promise<void> {
    await this.redis.hset(map, field, value);
  }

  async deleteField(map: string, field: string): Promise<void> {
    await this.redis.hdel(map, field);
  }

  close(): Promise<void> {
    this.redis.disconnect();
    return Promise.resolve();
  }
}
