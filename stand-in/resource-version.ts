import { deepEquals, gone, notFound, OperationOutcomeError, type WithId } from '@medplum/core';
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { Principal } from './access';
import type { Queryable } from './database';

const serverMeta: ReadonlySet<string> = new Set(['versionId', 'lastUpdated', 'author', 'project']);

/** A resource as it is to be written: with its id, a new version, the time to the millisecond, project and author. */
export function newVersion<T extends Resource>(
  principal: Principal,
  resource: T,
  id: string,
  existing: WithId<T> | undefined
): WithId<T> {
  const requestedProject = principal.superAdmin ? resource.meta?.project : undefined;
  const ownProject = resource.resourceType === 'Project' ? id : principal.projectId;
  return {
    ...resource,
    id,
    meta: {
      ...resource.meta,
      versionId: randomUUID(),
      lastUpdated: new Date().toISOString(),
      project: existing?.meta?.project ?? requestedProject ?? ownProject,
      author: { reference: `ClientApplication/${principal.clientId}` },
    },
  } as WithId<T>;
}

/** True when two versions differ in nothing but what the server sets. */
export function isSameContent(one: Resource, other: Resource): boolean {
  return deepEquals(withoutServerMeta(one), withoutServerMeta(other));
}

function withoutServerMeta(resource: Resource): object {
  const meta = Object.entries(resource.meta ?? {}).filter(([name]) => !serverMeta.has(name));
  return { ...resource, meta: Object.fromEntries(meta) };
}

/** The current version from the database. @throws OperationOutcomeError 404 (other projects' too), 410 when deleted */
export async function readCurrentRow(
  client: Queryable,
  principal: Principal,
  resourceType: ResourceType,
  id: string
): Promise<WithId<Resource>> {
  const { rows } = await client.query<{ content: string; deleted: boolean; projectId: string | null }>({
    name: `read ${resourceType}`,
    text: `SELECT content, deleted, "projectId" FROM "${resourceType}" WHERE id = $1`,
    values: [id],
  });
  const [row] = rows;
  if (row === undefined || (!principal.superAdmin && row.projectId !== principal.projectId)) {
    throw new OperationOutcomeError(notFound);
  }
  if (row.deleted) {
    throw new OperationOutcomeError(gone);
  }
  return JSON.parse(row.content) as WithId<Resource>;
}
