import type * as pg from 'pg';
import { z } from 'zod';
import { isClinicalType } from './platform-types';
import { selectOverTypes } from './tables';

/** One version of a resource. */
export const sampleSchema = z.object({ resourceType: z.string(), id: z.string(), versionId: z.string() });
export type Sample = z.infer<typeof sampleSchema>;

const SAMPLE_COUNT = 25;
const SAMPLED_TYPES = 12;

const rowsSchema = z.array(sampleSchema.extend({ rank: z.coerce.number() }));

/**
 * Up to 25 live clinical resources: of the most frequent types the newest and the oldest, then the second newest and
 * the second oldest, and so on. The same database gives the same ones.
 */
export async function pickSamples(
  client: pg.ClientBase,
  tables: readonly { readonly type: string; readonly live: number }[],
  project: string | undefined
): Promise<Sample[]> {
  const types = tables
    .filter((table) => table.live > 0 && isClinicalType(table.type))
    .sort((a, b) => b.live - a.live || (a.type < b.type ? -1 : 1))
    .slice(0, SAMPLED_TYPES)
    .map((table) => table.type);
  const depth = Math.ceil(SAMPLE_COUNT / 2 / Math.max(types.length, 1));
  const rows = await selectOverTypes(
    client,
    types,
    ({ literal, main }) => {
      const end = (order: 'asc' | 'desc', rank: number): string => `
        (select ${literal} as "resourceType", id, "lastUpdated",
                content::jsonb #>> '{meta,versionId}' as "versionId",
                2 * row_number() over (order by "lastUpdated" ${order}, id) + ${rank} as rank
           from (select * from ${main} where not deleted and ($1::uuid is null or "projectId" = $1)
                  order by "lastUpdated" ${order}, id limit ${depth}) live)`;
      return `select "resourceType", id, "versionId", rank from (${end('desc', 0)} union all ${end('asc', 1)}) ends`;
    },
    [project ?? null]
  );
  const order = new Map(types.map((type, index) => [type, index]));
  const ranked = rowsSchema
    .parse(rows)
    .sort((a, b) => a.rank - b.rank || (order.get(a.resourceType) ?? 0) - (order.get(b.resourceType) ?? 0));
  // In a small table the newest and the oldest are the same ones.
  const distinct = new Map(ranked.map((row) => [`${row.resourceType}/${row.id}`, row]));
  return [...distinct.values()].slice(0, SAMPLE_COUNT).map(({ resourceType, id, versionId }) => ({
    resourceType,
    id,
    versionId,
  }));
}
