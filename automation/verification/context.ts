import { escapeIdentifier } from 'pg';
import type * as pg from 'pg';
import { databaseFingerprintSchema, type DatabaseFingerprint } from '../../medplum/fingerprint';
import type { RestorePlan } from '../../components/site-operations';

/** What was recorded of the data before the loss; null when nothing was, and then the reason says so. */
export type Recorded =
  | {
      readonly known: true;
      readonly fingerprint: DatabaseFingerprint;
      readonly serverVersion: string | null;
      readonly pointId: string;
    }
  | { readonly known: false; readonly reason: string };

export function recordedOf(plan: RestorePlan): Recorded {
  if (plan.recorded === null) {
    return { known: false, reason: 'nothing was recorded of the data at or before this recovery point' };
  }
  const fingerprint = databaseFingerprintSchema.safeParse(plan.recorded.facts.fingerprint);
  if (!fingerprint.success) {
    return { known: false, reason: `what was recorded with ${plan.recorded.pointId} cannot be read` };
  }
  const { pointId, facts } = plan.recorded;
  return { known: true, fingerprint: fingerprint.data, serverVersion: facts.serverVersion, pointId };
}

export interface DatabaseCheckContext {
  readonly database: pg.Client;
  readonly recorded: Recorded;
}

/** Rows of a table that a Medplum database has; null when this database lacks it, whatever it is then. */
export async function rowsOf(
  database: pg.Client,
  table: string,
  sql: string,
  parameters: readonly unknown[] = []
): Promise<unknown[] | null> {
  const found = await database.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [
    escapeIdentifier(table),
  ]);
  if (found.rows[0]?.exists !== true) {
    return null;
  }
  return (await database.query<Record<string, unknown>>(sql, [...parameters])).rows;
}
