import type { Bot } from '@medplum/fhirtypes';
import type { Pool } from 'pg';
import type { Cache } from './cache';
import type { ResourceRow } from './resource-rows';

const scheduleMap = 'medplum:standin:cron';

/**
 * The schedules of bots. They live in the cache only, and are written when a bot is: a recovered server with an empty
 * cache has none until they are reloaded, as seen on Medplum 5.0.10. Nothing here runs a bot.
 */
export class CronSchedules {
  private readonly cache: Cache;

  constructor(cache: Cache) {
    this.cache = cache;
  }

  /** Schedules by bot id. */
  list(): Promise<Readonly<Record<string, string>>> {
    return this.cache.fields(scheduleMap);
  }

  /** Follows committed writes of bots. */
  async refresh(rows: readonly ResourceRow[]): Promise<void> {
    for (const row of rows.filter(({ resourceType }) => resourceType === 'Bot')) {
      const schedule = row.deleted ? undefined : scheduleOf(row.content);
      await (schedule === undefined
        ? this.cache.deleteField(scheduleMap, row.id)
        : this.cache.setField(scheduleMap, row.id, schedule));
    }
  }

  /** Drops all schedules and makes them anew from the bots in the database; returns how many there are. */
  async reload(pool: Pool): Promise<number> {
    const { rows } = await pool.query<{ id: string; content: string }>(
      'SELECT id, content FROM "Bot" WHERE NOT deleted'
    );
    for (const id of Object.keys(await this.list())) {
      await this.cache.deleteField(scheduleMap, id);
    }
    const schedules = rows.flatMap(({ id, content }) => {
      const schedule = scheduleOf(content);
      return schedule === undefined ? [] : [{ id, schedule }];
    });
    for (const { id, schedule } of schedules) {
      await this.cache.setField(scheduleMap, id, schedule);
    }
    return schedules.length;
  }
}

function scheduleOf(content: string): string | undefined {
  return (JSON.parse(content) as Bot).cronString;
}
