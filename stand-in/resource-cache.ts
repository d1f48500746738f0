import type { Resource } from '@medplum/fhirtypes';
import type { WithId } from '@medplum/core';
import type { Cache } from './cache';
import type { ResourceRow } from './resource-rows';

// Seen on Medplum 5.0.10: a cache kept from before a restore can show lost versions for as long as this.
const oneDayInSeconds = 24 * 60 * 60;

/**
 * The resource cache in front of reads by id, as Medplum's: such a read is answered from here without asking the
 * database. Searches never are.
 */
export class ResourceCache {
  private readonly cache: Cache;

  constructor(cache: Cache) {
    this.cache = cache;
  }

  async get(resourceType: string, id: string): Promise<WithId<Resource> | undefined> {
    const text = await this.cache.get(`${resourceType}/${id}`);
    return text === undefined ? undefined : (JSON.parse(text) as WithId<Resource>);
  }

  /** Follows committed writes: puts what was written in place of what was there, and drops what was deleted. */
  async refresh(rows: readonly ResourceRow[]): Promise<void> {
    const written = rows.filter((row) => !row.deleted);
    if (written.length > 0) {
      await this.cache.set(
        written.map((row) => [`${row.resourceType}/${row.id}`, row.content] as const),
        oneDayInSeconds
      );
    }
    for (const row of rows.filter(({ deleted }) => deleted)) {
      await this.cache.delete(`${row.resourceType}/${row.id}`);
    }
  }

  async put(resource: WithId<Resource>): Promise<void> {
    await this.cache.set([[`${resource.resourceType}/${resource.id}`, JSON.stringify(resource)]], oneDayInSeconds);
  }
}
