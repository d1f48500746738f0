import type * as pg from 'pg';
import { z } from 'zod';
import { countSchema, resourceTypes, selectOverTypes } from './tables';

const rowsSchema = z.array(z.object({ type: z.string(), live: countSchema }));

/** Live resources of each type now, as the tables that reads and searches are answered from have them. */
export async function liveCounts(client: pg.ClientBase): Promise<Record<string, number>> {
  const rows = await selectOverTypes(
    client,
    await resourceTypes(client),
    ({ literal, main }) => `select ${literal} as type, count(*) as live from ${main} where not deleted`
  );
  return Object.fromEntries(rowsSchema.parse(rows).map(({ type, live }) => [type, live]));
}
