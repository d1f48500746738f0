import { z } from 'zod';
import { judged, notChecked, type Check } from './check';
import { rowsOf, type DatabaseCheckContext } from './context';

const named = { id: 'schema-version', title: 'The schema version is the one the server was running on' };

/**
 * Medplum starts silently on a schema newer than itself, and moves an older one on before it refuses it (seen on
 * 5.0.10), so the versions are compared here and not left to the server.
 */
export async function schemaVersion({ database, recorded }: DatabaseCheckContext): Promise<Check> {
  if (!recorded.known) {
    return notChecked(named, recorded.reason);
  }
  const wanted = recorded.fingerprint.migration;
  if (wanted === null) {
    return notChecked(named, 'no schema version was recorded');
  }
  const rows = await rowsOf(
    database,
    'DatabaseMigration',
    'select version, "dataVersion" from "DatabaseMigration" where id = 1'
  );
  const [found] = z.array(z.object({ version: z.number(), dataVersion: z.number() })).parse(rows ?? []);
  // Post-deploy migrations may have gone on between the recording and the loss.
  const good = found !== undefined && found.version === wanted.version && found.dataVersion >= wanted.dataVersion;
  const was = `version ${wanted.version}, data version ${wanted.dataVersion}`;
  const is = found === undefined ? 'none' : `version ${found.version}, data version ${found.dataVersion}`;
  const moved =
    found !== undefined && found.version > wanted.version
      ? ': the server that was started on it is newer than the one that wrote it, and has moved its schema on. Have medplum-dr:application name the old one, then abort this run and recover anew'
      : '';
  return judged(named, good, good ? `${is}, as recorded` : `recorded ${was}; restored ${is}${moved}`);
}
