import {
  badRequest,
  conflict,
  isUUID,
  notFound,
  OperationOutcomeError,
  preconditionFailed,
  type SearchRequest,
  type WithId,
} from '@medplum/core';
import {
  type CreateResourceOptions,
  FhirRepository,
  type ReadHistoryOptions,
  type UpdateResourceOptions,
} from '@medplum/fhir-router';
import type { Bundle, Reference, Resource, ResourceType } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { applyPatch, type Operation } from 'rfc6902';
import { allowedType, assertVisible, type Principal } from './access';
import { inTransaction, isSerializationFailure } from './database';
import { readHistoryBundle, readVersionOf } from './history';
import { deletedRowOf, type ResourceRow, rowOf } from './resource-rows';
import { isSameContent, newVersion, readCurrentRow } from './resource-version';
import type { ResourceWriter } from './resource-writer';
import { searchResources } from './search';

const serializableAttempts = 3;

/** What all repositories of a server share. */
export interface RepositoryParts {
  readonly pool: Pool;
  readonly baseUrl: string;
  readonly writer: ResourceWriter;
}

/**
 * FHIR resources in PostgreSQL as one principal sees them. One per request.
 *
 * Reads by id come from the cache where it has them, as Medplum's do, and so does what an update starts from: with a
 * cache kept from before a restore, an update writes a lost resource back.
 */
export class PostgresFhirRepository extends FhirRepository<PoolClient> {
  private readonly parts: RepositoryParts;
  private readonly principal: Principal;
  private transaction: { client: PoolClient; written: ResourceRow[] } | undefined;

  constructor(parts: RepositoryParts, principal: Principal) {
    super();
    this.parts = parts;
    this.principal = principal;
  }

  setMode(): void {
    // There is one database, for reading and writing.
  }

  generateId(): string {
    return randomUUID();
  }

  /** Writes a new resource. Only a batch, whose ids the router made, may bring its own id. */
  async createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    allowedType(this.principal, resource.resourceType);
    const id = options?.assignedId === true ? (resource.id ?? randomUUID()) : randomUUID();
    return this.writeVersion(resource, id, undefined);
  }

  async readResource<T extends Resource>(resourceType: string, id: string): Promise<WithId<T>> {
    const type = allowedType(this.principal, resourceType);
    await this.beforeRead();
    if (!isUUID(id)) {
      throw new OperationOutcomeError(notFound);
    }
    const cached = this.transaction === undefined ? await this.parts.writer.cached(type, id) : undefined;
    const resource = cached ?? (await this.readRow(type, id));
    assertVisible(this.principal, resource);
    return resource as WithId<T>;
  }

  async readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [resourceType, id, ...rest] = reference.reference?.split('/') ?? [];
    if (resourceType === undefined || id === undefined || rest.length > 0) {
      throw new OperationOutcomeError(badRequest('Invalid reference'));
    }
    return this.readResource<T>(resourceType, id);
  }

  async readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    const results = await Promise.allSettled(references.map((reference) => this.readReference<T>(reference)));
    return results.map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as Error)));
  }

  async readHistory<T extends Resource>(
    resourceType: string,
    id: string,
    options?: ReadHistoryOptions
  ): Promise<Bundle<WithId<T>>> {
    const type = allowedType(this.principal, resourceType);
    // A deleted resource still has a history, and nobody may see another project's.
    await this.ignoringGone(this.readResource(type, id));
    const { baseUrl } = this.parts;
    return readHistoryBundle<T>(this.database, type, id, { baseUrl, limit: options?.limit, offset: options?.offset });
  }

  async readVersion<T extends Resource>(resourceType: string, id: string, versionId: string): Promise<WithId<T>> {
    const type = allowedType(this.principal, resourceType);
    await this.ignoringGone(this.readResource(type, id));
    return readVersionOf<T>(this.database, type, id, versionId);
  }

  /** Writes a new version. A super admin may also create with an id of its choice, as on Medplum. */
  async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    const { resourceType, id } = resource;
    allowedType(this.principal, resourceType);
    if (id === undefined || !isUUID(id)) {
      throw new OperationOutcomeError(badRequest('Invalid id'));
    }
    const existing = await this.existing<T>(resourceType, id);
    if (options?.ifMatch !== undefined && existing?.meta?.versionId !== options.ifMatch) {
      throw new OperationOutcomeError(preconditionFailed);
    }
    // An update that changes nothing writes nothing, as on Medplum.
    return existing !== undefined && isSameContent(existing, resource)
      ? existing
      : this.writeVersion(resource, id, existing);
  }

  async patchResource<T extends Resource>(
    resourceType: T['resourceType'],
    id: string,
    patch: Operation[]
  ): Promise<WithId<T>> {
    const resource = structuredClone(await this.readResource<T>(resourceType, id));
    const problems = applyPatch(resource, patch).filter((problem) => problem !== null);
    if (problems.length > 0) {
      throw new OperationOutcomeError(badRequest(problems.map(({ message }) => message).join('\n')));
    }
    if (resource.id !== id) {
      throw new OperationOutcomeError(badRequest('Incorrect resource ID'));
    }
    return this.updateResource<T>(resource);
  }

  /** Deleting what is already deleted succeeds, as on Medplum. */
  async deleteResource(resourceType: string, id: string): Promise<void> {
    const resource = await this.ignoringGone(this.readResource(resourceType, id));
    if (resource !== undefined) {
      await this.write(deletedRowOf(resource, new Date().toISOString()));
    }
  }

  async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    const type = allowedType(this.principal, request.resourceType);
    await this.beforeRead();
    return searchResources<T>(this.database, type, request, {
      projectId: this.principal.superAdmin ? undefined : this.principal.projectId,
      baseUrl: this.parts.baseUrl,
    });
  }

  searchByReference<T extends Resource>(): Promise<Record<string, WithId<T>[]>> {
    return Promise.reject(new OperationOutcomeError(badRequest('The stand-in has no GraphQL')));
  }

  /** Caches follow only after the commit. A serializable transaction is tried three times. */
  async withTransaction<TResult>(
    callback: (client: PoolClient) => Promise<TResult>,
    options?: { serializable?: boolean }
  ): Promise<TResult> {
    if (this.transaction !== undefined) {
      return callback(this.transaction.client);
    }
    await this.beforeRead();
    for (let attempt = 1; ; attempt += 1) {
      const written: ResourceRow[] = [];
      try {
        const isolation = options?.serializable === true ? 'SERIALIZABLE' : 'READ COMMITTED';
        const result = await inTransaction(this.parts.pool, isolation, (client) => {
          this.transaction = { client, written };
          return callback(client);
        });
        await this.parts.writer.publish(written);
        return result;
      } catch (error) {
        if (!isSerializationFailure(error)) {
          throw error;
        }
        if (attempt === serializableAttempts) {
          throw new OperationOutcomeError(conflict('The transaction conflicts with another'), { cause: error });
        }
      } finally {
        this.transaction = undefined;
      }
    }
  }

  /** Called before anything is read: whoever holds writes back makes them visible first. */
  protected beforeRead(): Promise<void> {
    return Promise.resolve();
  }

  /** Writes one version outside a transaction. */
  protected writeAlone(row: ResourceRow): Promise<void> {
    return this.parts.writer.write([row]);
  }

  private get database(): Pool | PoolClient {
    return this.transaction?.client ?? this.parts.pool;
  }

  private async writeVersion<T extends Resource>(
    resource: T,
    id: string,
    existing: WithId<T> | undefined
  ): Promise<WithId<T>> {
    const version = newVersion(this.principal, resource, id, existing);
    const stored = await this.parts.writer.storeBytes(version);
    await this.write(rowOf(stored));
    return stored;
  }

  private async write(row: ResourceRow): Promise<void> {
    if (this.transaction === undefined) {
      await this.writeAlone(row);
      return;
    }
    await this.parts.writer.writeWithin(this.transaction.client, row);
    this.transaction.written.push(row);
  }

  private async readRow(resourceType: ResourceType, id: string): Promise<WithId<Resource>> {
    const resource = await readCurrentRow(this.database, this.principal, resourceType, id);
    if (this.transaction === undefined) {
      await this.parts.writer.keep(resource);
    }
    return resource;
  }

  private async existing<T extends Resource>(resourceType: string, id: string): Promise<WithId<T> | undefined> {
    try {
      return await this.readResource<T>(resourceType, id);
    } catch (error) {
      const isAbsent = error instanceof OperationOutcomeError && ['not-found', 'gone'].includes(error.outcome.id ?? '');
      if (isAbsent && this.principal.superAdmin) {
        return undefined;
      }
      throw error;
    }
  }

  private async ignoringGone<T>(reading: Promise<T>): Promise<T | undefined> {
    try {
      return await reading;
    } catch (error) {
      if (error instanceof OperationOutcomeError && error.outcome.id === 'gone') {
        return undefined;
      }
      throw error;
    }
  }
}
