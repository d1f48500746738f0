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
