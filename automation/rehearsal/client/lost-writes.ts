import type * as pg from 'pg';
import { z } from 'zod';
import { resourceTypes, selectOverTypes } from '../../../medplum/tables';
import type { AcknowledgedWrite } from './analyse';

const rowsSchema = z.array(z.object({ versionId: z.string() }));

/**
 * Those acknowledged writes that a recovered database does not have: their version is not in the history, which keeps
 * every version, so a later update or delete makes no write look lost. One statement for all.
 */
export async function findLostWrites(
  client: pg.ClientBase,
  acknowledged: readonly AcknowledgedWrite[]
): Promise<AcknowledgedWrite[]> {
  const written = new Set(acknowledged.map((write) => write.resourceType));
  const rows = await selectOverTypes(
    client,
    (await resourceTypes(client)).filter((type) => written.has(type)),
    ({ history }) => `select "versionId" from ${history} where "versionId" = any($1::uuid[])`,
    [acknowledged.map((write) => write.versionId)]
  );
  const there = new Set(rowsSchema.parse(rows).map((row) => row.versionId));
  return acknowledged.filter((write) => !there.has(write.versionId));
}
