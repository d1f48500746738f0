import { badRequest, OperationOutcomeError, type WithId } from '@medplum/core';
import type { Binary, Resource, ResourceType } from '@medplum/fhirtypes';
import type { Pool } from 'pg';
import type { BinaryStorage } from './binary-storage';
import type { CronSchedules } from './cron';
import { inTransaction, type Queryable } from './database';
import type { ResourceCache } from './resource-cache';
import { type ResourceRow, writeRows } from './resource-rows';
import type { Subscriptions } from './subscriptions';

// PostgreSQL takes 65,535 parameters in a statement, and a row needs at most 11.
const rowsPerStatement = 1000;

/** Writes versions of resources: bytes first, then rows in one transaction, then what follows a commit. */
export class ResourceWriter {
  private readonly parts: {
    pool: Pool;
    resources: ResourceCache;
    cron: CronSchedules;
    subscriptions: Subscriptions;
    storage: BinaryStorage;
  };

  constructor(parts: ResourceWriter['parts']) {
    this.parts = parts;
  }

  cached(resourceType: ResourceType, id: string): Promise<WithId<Resource> | undefined> {
    return this.parts.resources.get(resourceType, id);
  }

  /** Puts what was read from the database into the cache. */
  keep(resource: WithId<Resource>): Promise<void> {
    return this.parts.resources.put(resource);
  }

  /** Moves a Binary's `data` into storage, so that a row never names bytes that are not there. */
  async storeBytes<T extends Resource>(version: WithId<T>): Promise<WithId<T>> {
    if (version.resourceType !== 'Binary') {
      return version;
    }
    const { data, ...rest } = version as WithId<Binary>;
    const versionId = rest.meta?.versionId;
    if (data === undefined || versionId === undefined) {
      throw new OperationOutcomeError(badRequest('A Binary needs data'));
    }
    await this.parts.storage.write(rest.id, versionId, Buffer.from(data, 'base64'));
    return rest as WithId<Resource> as WithId<T>;
  }

  /** Writes rows of any types in one transaction; returns after the commit, with caches and schedules following. */
  async write(rows: readonly ResourceRow[]): Promise<void> {
    const chunks = chunksOf(rows);
    const [first, ...others] = chunks;
    if (first === undefined) {
      return;
    }
    await (others.length === 0
      ? writeRows(this.parts.pool, first.resourceType, first.rows)
      : inTransaction(this.parts.pool, 'READ COMMITTED', async (client) => {
          for (const chunk of chunks) {
            await writeRows(client, chunk.resourceType, chunk.rows);
          }
        }));
    await this.publish(rows);
  }

  /** Writes within a transaction of the caller, who publishes after its commit. */
  writeWithin(client: Queryable, row: ResourceRow): Promise<void> {
    return writeRows(client, row.resourceType, [row]);
  }

  async publish(rows: readonly ResourceRow[]): Promise<void> {
    await this.parts.resources.refresh(rows);
    await this.parts.cron.refresh(rows);
    this.parts.subscriptions.refresh(rows);
  }
}

interface Chunk {
  readonly resourceType: ResourceType;
  readonly rows: readonly ResourceRow[];
}

function chunksOf(rows: readonly ResourceRow[]): Chunk[] {
  const byType = new Map<ResourceType, ResourceRow[]>();
  for (const row of rows) {
    const ofType = byType.get(row.resourceType) ?? [];
    ofType.push(row);
    byType.set(row.resourceType, ofType);
  }
  return [...byType].flatMap(([resourceType, ofType]) =>
    Array.from({ length: Math.ceil(ofType.length / rowsPerStatement) }, (_, index) => ({
      resourceType,
      rows: ofType.slice(index * rowsPerStatement, (index + 1) * rowsPerStatement),
    }))
  );
}
