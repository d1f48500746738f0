import { z } from 'zod';
import { escapeIdentifier } from 'pg';
import type * as pg from 'pg';
import type { ApiClient } from '../../medplum/api-client';
import { ApiError } from '../../medplum/api-error';
import type { StoredResource } from '../../medplum/resources';
import type { Sample } from '../../medplum/samples';
import { messageOf } from '../../components/errors';
import { judged, notChecked, type Check } from './check';
import { rowsOf, type Recorded } from './context';

const searched = { id: 'sample-search', title: 'Sampled resources are found by search, as an ordinary client' };
const cached = { id: 'cache-agrees', title: 'Reads by id, which a cache may answer, agree with the database' };

/** What the restored database has of a sample. */
type Restored =
  | {
      readonly kind: 'live';
      readonly name: string;
      readonly type: string;
      readonly id: string;
      readonly version: string;
    }
  /** Deleted after it was recorded. */
  | { readonly kind: 'deleted'; readonly name: string; readonly type: string; readonly id: string }
  /** Of a project that the client does not see. */
  | { readonly kind: 'not-to-be-found' }
  | { readonly kind: 'absent'; readonly name: string; readonly type: string; readonly id: string };

export function samplesNotChecked(reason: string): Check[] {
  return [notChecked(searched, reason), notChecked(cached, reason)];
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
    return samplesNotChecked(recorded.reason);
  }
  const restored = await restoredSamples(database, clientId, recorded.fingerprint.samples);
  const absent = restored.filter((sample) => sample.kind === 'absent');
  const live = restored.filter((sample) => sample.kind === 'live');
  if (live.length === 0 && absent.length === 0) {
    return samplesNotChecked('none of the recorded samples is a live resource of the verification client’s project');
  }
  const wrong = absent.map(({ name }) => `${name}: recorded, and not in the restored database`);
  const stale: string[] = [];
  for (const { type, id, name, version } of live) {
    const found = await versionOf(() => api.findById(type, id));
    if (found !== version) {
      wrong.push(`${name}: search gave ${found}, the database has ${version}`);
    }
    const read = await versionOf(() => api.read(type, id));
    if (read !== version) {
      stale.push(`${name}: read gave ${read}, the database has ${version}`);
    }
  }
  const ghosts = [...absent, ...restored.filter((sample) => sample.kind === 'deleted')];
  for (const { type, id, name } of ghosts) {
    const read = await readOf(() => api.read(type, id));
    if (read !== null) {
      stale.push(`${name}: read gave ${read}, and the database does not have it`);
    }
  }
  return [
    judged(searched, wrong.length === 0, wrong.join('; ') || `${live.length} of ${live.length} found`),
    live.length === 0 && stale.length === 0
      ? notChecked(cached, 'no sample is there to be read')
      : judged(
          cached,
          stale.length === 0,
          stale.length === 0
            ? `${live.length} read in the database’s version`
            : `${stale.join('; ')}. The cache is from before the loss: empty it (FLUSHALL) and restart the server`
        ),
  ];
}

/** The version that the API gave, or what it gave instead. */
async function versionOf(ask: () => Promise<StoredResource | null>): Promise<string> {
  try {
    return (await ask())?.meta.versionId ?? 'nothing';
  } catch (error) {
    return messageOf(error);
  }
}

/** The same of a read; null where the API refuses it, as it does for what is not there. */
async function readOf(ask: () => Promise<StoredResource>): Promise<string | null> {
  try {
    return (await ask()).meta.versionId;
  } catch (error) {
    return error instanceof ApiError && error.status < 500 ? null : messageOf(error);
  }
}

const rowsSchema = z.array(z.object({ id: z.string(), versionId: z.string().nullable(), own: z.boolean() }));

async function restoredSamples(
  database: pg.Client,
  clientId: string,
  recorded: readonly Sample[]
): Promise<Restored[]> {
  const restored: Restored[] = [];
  for (const type of new Set(recorded.map((sample) => sample.resourceType))) {
    const ids = recorded.flatMap((sample) => (sample.resourceType === type ? [sample.id] : []));
    const rows = await rowsOf(
      database,
      type,
      `select id, case when deleted then null else content::jsonb #>> '{meta,versionId}' end as "versionId",
              coalesce("projectId" = (select "projectId" from "ClientApplication" where id = $2), false) as own
         from ${escapeIdentifier(type)} where id = any($1)`,
      [ids, clientId]
    );
    const found = new Map(rowsSchema.parse(rows ?? []).map((row) => [row.id, row]));
    for (const id of ids) {
      const name = `${type}/${id}`;
      const row = found.get(id);
      if (row === undefined) {
        restored.push({ kind: 'absent', name, type, id });
      } else if (!row.own) {
        restored.push({ kind: 'not-to-be-found' });
      } else if (row.versionId === null) {
        restored.push({ kind: 'deleted', name, type, id });
      } else {
        restored.push({ kind: 'live', name, type, id, version: row.versionId });
      }
    }
  }
  return restored;
}
