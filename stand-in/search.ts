import {
  badRequest,
  concatUrls,
  DEFAULT_MAX_SEARCH_COUNT,
  DEFAULT_SEARCH_COUNT,
  formatSearchQuery,
  OperationOutcomeError,
  type SearchRequest,
  type WithId,
} from '@medplum/core';
import type { Bundle, Resource, ResourceType } from '@medplum/fhirtypes';
import type { Pool, PoolClient } from 'pg';
import { contents, type Queryable } from './database';
import { type Conditions, conditionsOf } from './search-conditions';

/**
 * Answers a search from the database, never from the cache.
 * @param scope `projectId` limits it to one project; `baseUrl` is what links start with.
 * @throws OperationOutcomeError 400 for every part of the request that is not supported.
 */
export async function searchResources<T extends Resource>(
  database: Pool | PoolClient,
  resourceType: ResourceType,
  request: SearchRequest<T>,
  scope: { projectId: string | undefined; baseUrl: string }
): Promise<Bundle<WithId<T>>> {
  assertSupported(request);
  const count = Math.min(wholeNumber('_count', request.count ?? DEFAULT_SEARCH_COUNT), DEFAULT_MAX_SEARCH_COUNT);
  const offset = wholeNumber('_offset', request.offset ?? 0);
  const conditions = conditionsOf(resourceType, request.filters ?? [], scope.projectId);
  const counted = request.total === 'accurate' || request.total === 'estimate';
  const order = orderOf(request);
  const found =
    conditions.matchers.length === 0
      ? await page<T>(database, resourceType, conditions, { order, offset, count, counted })
      : await matchingPage<T>(database, resourceType, conditions, { order, offset, count });
  const url = (from: number): string =>
    concatUrls(scope.baseUrl, `fhir/R4/${resourceType}${formatSearchQuery({ ...request, offset: from, count })}`);
  const hasMore = found.resources.length > count;
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(counted ? { total: found.total } : {}),
    link: [
      { relation: 'self', url: url(offset) },
      ...(hasMore && count > 0 ? [{ relation: 'next', url: url(offset + count) }] : []),
    ],
    entry: found.resources.slice(0, count).map((resource) => ({
      fullUrl: concatUrls(scope.baseUrl, `fhir/R4/${resourceType}/${resource.id}`),
      search: { mode: 'match' },
      resource,
    })),
  };
}

interface Page<T extends Resource> {
  /** One more than the page holds, when there is one. */
  resources: WithId<T>[];
  total: number | undefined;
}

interface PageRequest {
  order: string;
  offset: number;
  count: number;
}

async function page<T extends Resource>(
  client: Queryable,
  resourceType: ResourceType,
  { where, values }: Conditions,
  { order, offset, count, counted }: PageRequest & { counted: boolean }
): Promise<Page<T>> {
  const from = `FROM "${resourceType}" WHERE ${where}`;
  const total = counted
    ? await client.query<{ total: number }>(`SELECT count(*)::int AS total ${from}`, [...values])
    : undefined;
  const rows =
    count === 0
      ? []
      : (
          await client.query<{ content: string }>(
            `SELECT content ${from} ORDER BY ${order} LIMIT ${String(count + 1)} OFFSET ${String(offset)}`,
            [...values]
          )
        ).rows;
  return { resources: rows.map(({ content }) => JSON.parse(content) as WithId<T>), total: total?.rows[0]?.total };
}

/** Looks at every row the database gives, in order and in one snapshot, holding one block and the page in memory. */
async function matchingPage<T extends Resource>(
  database: Pool | PoolClient,
  resourceType: ResourceType,
  { where, values, matchers }: Conditions,
  { order, offset, count }: PageRequest
): Promise<Page<T>> {
  const resources: WithId<T>[] = [];
  let total = 0;
  const text = `SELECT content FROM "${resourceType}" WHERE ${where} ORDER BY ${order}`;
  for await (const content of contents(database, text, values)) {
    const resource = JSON.parse(content) as WithId<T>;
    if (matchers.every((matches) => matches(resource))) {
      total += 1;
      if (total > offset && resources.length <= count) {
        resources.push(resource);
      }
    }
  }
  return { resources, total };
}

function orderOf(request: SearchRequest): string {
  const [rule, ...others] = request.sortRules ?? [];
  if (rule === undefined) {
    return '"lastUpdated", id';
  }
  if (rule.code !== '_lastUpdated' || others.length > 0) {
    throw new OperationOutcomeError(badRequest('The stand-in sorts by _lastUpdated only'));
  }
  return rule.descending === true ? '"lastUpdated" DESC, id DESC' : '"lastUpdated", id';
}

function assertSupported(request: SearchRequest): void {
  const unsupported = [
    request.cursor === undefined ? undefined : '_cursor',
    request.fields === undefined ? undefined : '_fields',
    request.include === undefined ? undefined : '_include',
    request.revInclude === undefined ? undefined : '_revinclude',
    request.summary === undefined ? undefined : `_summary=${request.summary}`,
    request.types === undefined ? undefined : '_type',
  ].filter((name) => name !== undefined);
  if (unsupported.length > 0) {
    throw new OperationOutcomeError(badRequest(`The stand-in does not support ${unsupported.join(', ')}`));
  }
}

function wholeNumber(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 0) {
    throw new OperationOutcomeError(badRequest(`Invalid ${name}: a whole number is needed`));
  }
  return value;
}
