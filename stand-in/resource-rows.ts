import { isUUID } from '@medplum/core';
import type { Reference, Resource, ResourceType } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import type { Queryable } from './database';
import { columnsOf } from './schema';

// What Medplum 5.0.10 writes into __version.
const rowVersion = 12;
const deletedRowVersion = -1;

/** One version of a resource, as its main table and its history table hold it. */
export interface ResourceRow {
  readonly resourceType: ResourceType;
  readonly id: string;
  readonly versionId: string;
  /** The resource as JSON text; empty when deleted. */
  readonly content: string;
  /** ISO 8601, to the millisecond. */
  readonly lastUpdated: string;
  readonly deleted: boolean;
  readonly projectId: string | undefined;
  readonly profile: readonly string[] | undefined;
  readonly source: string | undefined;
  readonly compartments: readonly string[];
  /** Only of a JsonWebKey. */
  readonly active: boolean | undefined;
}

/** The row of a resource whose id, versionId and lastUpdated are set. */
export function rowOf(resource: Resource): ResourceRow {
  const { resourceType, id, meta } = resource;
  if (id === undefined || meta?.versionId === undefined || meta.lastUpdated === undefined) {
    throw new Error(`A ${resourceType} without id, versionId or lastUpdated cannot be written`);
  }
  const compartments = [meta.project, resourceType === 'Patient' ? id : patientOf(resource)];
  return {
    resourceType,
    id,
    versionId: meta.versionId,
    content: JSON.stringify(resource),
    lastUpdated: meta.lastUpdated,
    deleted: false,
    projectId: meta.project,
    profile: meta.profile,
    source: meta.source,
    compartments: compartments.filter((member) => member !== undefined),
    active: resourceType === 'JsonWebKey' ? resource.active : undefined,
  };
}

/** What a delete leaves: no content, and a history entry without any (seen on Medplum 5.0.10). */
export function deletedRowOf(resource: Resource, lastUpdated: string): ResourceRow {
  const meta = { ...resource.meta, versionId: randomUUID(), lastUpdated };
  return { ...rowOf({ ...resource, meta }), content: '', deleted: true, active: false };
}

function patientOf(resource: Resource): string | undefined {
  const { subject, patient } = resource as { subject?: Reference | Reference[]; patient?: Reference | Reference[] };
  for (const reference of [subject, patient].flat()) {
    const [type, id] = reference?.reference?.split('/') ?? [];
    if (type === 'Patient' && id !== undefined && isUUID(id)) {
      return id;
    }
  }
  return undefined;
}

function valueOf(row: ResourceRow, column: string): unknown {
  switch (column) {
    case '_profile':
      return row.profile;
    case '_source':
      return row.source;
    case '__version':
      return row.deleted ? deletedRowVersion : rowVersion;
    case 'id':
    case 'content':
    case 'lastUpdated':
    case 'deleted':
    case 'projectId':
    case 'compartments':
    case 'active':
      return row[column];
    default:
      throw new Error(`No value for column ${column}`);
  }
}

/**
 * Writes rows of one resource type, main table and history, in a single statement (and so a single transaction when
 * `client` is in none).
 */
export async function writeRows(
  client: Queryable,
  resourceType: ResourceType,
  rows: readonly ResourceRow[]
): Promise<void> {
  const columns = columnsOf(resourceType).map((column) => column.name);
  const values: unknown[] = [];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const current: string[] = [];
  const history: string[] = [];
  for (const row of rows) {
    const places = columns.map((column) => place(valueOf(row, column)));
    current.push(`(${places.join(',')})`);
    // The parameters of columns id, content and lastUpdated serve the history row too.
    history.push(`(${place(row.versionId)}::uuid,${places.slice(0, 3).join(',')})`);
  }
  const [id, content, lastUpdated, ...others] = columns;
  const updates = [content, lastUpdated, ...others].map((column) => `"${column ?? ''}"=EXCLUDED."${column ?? ''}"`);
  const text =
    `WITH current AS (INSERT INTO "${resourceType}" (${columns.map((column) => `"${column}"`).join(',')}) ` +
    `VALUES ${current.join(',')} ON CONFLICT (${id ?? 'id'}) DO UPDATE SET ${updates.join(',')}) ` +
    `INSERT INTO "${resourceType}_History" ("versionId",id,content,"lastUpdated") VALUES ${history.join(',')}`;
  await client.query(rows.length === 1 ? { name: `write ${resourceType}`, text, values } : { text, values });
}
