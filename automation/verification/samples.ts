import { z } from 'zod';
import type * as pg from 'pg';
import type { ApiClient } from '../../medplum/api-client';
import { messageOf } from '../../components/errors';
import { judged, notChecked, type Check } from './check';
import type { Recorded } from './context';

const searched = { id: 'sample-search', title: 'Sampled resources are found by search, as an ordinary client' };
const cached = { id: 'cache-agrees', title: 'Reads by id, which a cache may answer, agree with the database' };

interface CurrentVersion {
  readonly resourceType: string;
  readonly id: string;
  readonly versionId: string;
}

/**
 * Looks for the recorded samples through the API. A search is answered by the database; a read by id may come from a
 * cache, and a cache from before the loss serves versions that the database no longer has: both are compared.
 */
export async function samples(
  api: ApiClient,
  clientId: string,
  database: pg.Client,
  recorded: Recorded
): Promise<Check[]> {
  if (!recorded.known) {
    return [notChecked(searched, recorded.reason), notChecked(cached, recorded.reason)];
  }
  const wanted = await currentVersions(database, clientId, recorded);
  if (wanted.length === 0) {
    const reason = 'none of the recorded samples is a live resource of the verification client’s project';
    return [notChecked(searched, reason), notChecked(cached, reason)];
  }
  const wrong: string[] = [];
  const stale: string[] = [];
  for (const { resourceType, id, versionId } of wanted) {
    try {
      const found = await api.findById(resourceType, id);
      if (found?.meta.versionId !== versionId) {
        wrong.push(
          `${resourceType}/${id}: search gave ${found?.meta.versionId ?? 'nothing'}, the database has ${versionId}`
        );
      }
      const read = await api.read(resourceType, id);
      if (read.meta.versionId !== versionId) {
        stale.push(`${resourceType}/${id}: read gave version ${read.meta.versionId}, the database has ${versionId}`);
      }
    } catch (error) {
      wrong.push(messageOf(error));
    }
  }
  return [
    judged(
      searched,
      wrong.length === 0,
      wrong.length === 0 ? `${wanted.length} of ${wanted.length} found` : wrong.join('; ')
    ),
    judged(
      cached,
      stale.length === 0,
      stale.length === 0 ? `${wanted.length} read back in the same version` : stale.join('; ')
    ),
  ];
}

/** The samples that are of the client's project and alive in the restored database, in the version it has of them. */
async function currentVersions(
  database: pg.Client,
  clientId: string,
  recorded: Recorded & { known: true }
): Promise<CurrentVersion[]> {
  const rowSchema = z.array(z.object({ id: z.string(), versionId: z.string() }));
  const found: CurrentVersion[] = [];
  const types = new Set(recorded.fingerprint.samples.map((sample) => sample.resourceType));
  for (const resourceType of types) {
    const ids = recorded.fingerprint.samples.flatMap((sample) =>
      sample.resourceType === resourceType ? [sample.id] : []
    );
    const table = `"${resourceType.replaceAll('"', '')}"`;
    const { rows } = await database.query(
      `select id, case when deleted then null else content::jsonb #>> '{meta,versionId}' end as "versionId"
         from ${table}
        where id = any($1) and not deleted
          and "projectId" = (select "projectId" from "ClientApplication" where id = $2)`,
      [ids, clientId]
    );
    found.push(...rowSchema.parse(rows).map((row) => ({ resourceType, ...row })));
  }
  return found;
}
