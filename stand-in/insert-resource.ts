import type { Resource } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { Queryable } from './database';
import { rowOf, writeRows } from './resource-rows';

/** Writes a new resource directly, past access rules and cache. For start-up and administration only. */
export async function insertResource<T extends Resource>(
  client: Queryable,
  resource: T,
  projectId?: string
): Promise<T> {
  const written = {
    ...resource,
    id: resource.id ?? randomUUID(),
    meta: {
      ...resource.meta,
      versionId: randomUUID(),
      lastUpdated: new Date().toISOString(),
      ...(projectId === undefined ? {} : { project: projectId }),
    },
  };
  await writeRows(client, written.resourceType, [rowOf(written)]);
  return written;
}
