import { allOk, concatUrls, gone, isUUID, notFound, OperationOutcomeError, type WithId } from '@medplum/core';
import type { Bundle, BundleEntry, Resource, ResourceType } from '@medplum/fhirtypes';
import type { Queryable } from './database';

interface HistoryRow {
  versionId: string;
  content: string;
  lastUpdated: Date;
}

/** All versions of one resource, newest first. A delete is an entry without a resource. */
export async function readHistoryBundle<T extends Resource>(
  client: Queryable,
  resourceType: ResourceType,
  id: string,
  options: { baseUrl: string; limit: number | undefined; offset: number | undefined }
): Promise<Bundle<WithId<T>>> {
  const { rows } = await client.query<HistoryRow & { total: number }>(
    `SELECT "versionId", content, "lastUpdated", (count(*) OVER ())::int AS total FROM "${resourceType}_History"
     WHERE id = $1 ORDER BY "lastUpdated" DESC, "versionId" LIMIT $2 OFFSET $3`,
    [id, options.limit ?? null, options.offset ?? 0]
  );
  return {
    resourceType: 'Bundle',
    type: 'history',
    total: rows[0]?.total ?? 0,
    entry: rows.map((row): BundleEntry<WithId<T>> => {
      const url = `${resourceType}/${id}/_history/${row.versionId}`;
      const entry = {
        fullUrl: concatUrls(options.baseUrl, `fhir/R4/${url}`),
        request: { method: 'GET' as const, url },
      };
      return row.content === ''
        ? { ...entry, response: { status: '410', outcome: gone, lastModified: row.lastUpdated.toISOString() } }
        : { ...entry, response: { status: '200', outcome: allOk }, resource: JSON.parse(row.content) as WithId<T> };
    }),
  };
}

/** One version of one resource. @throws OperationOutcomeError 404, or 410 where the version is a delete */
export async function readVersionOf<T extends Resource>(
  client: Queryable,
  resourceType: ResourceType,
  id: string,
  versionId: string
): Promise<WithId<T>> {
  const { rows } = isUUID(versionId)
    ? await client.query<HistoryRow>(
        `SELECT content FROM "${resourceType}_History" WHERE id = $1 AND "versionId" = $2`,
        [id, versionId]
      )
    : { rows: [] };
  const [row] = rows;
  if (row === undefined) {
    throw new OperationOutcomeError(notFound);
  }
  if (row.content === '') {
    throw new OperationOutcomeError(gone);
  }
  return JSON.parse(row.content) as WithId<T>;
}
