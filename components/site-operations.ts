import type * as pg from 'pg';
import type { Endpoint } from './config';
import type { RestoredFrom } from './restored-from';

/*
 * What the driver asks of a platform during a recovery, by contract. Components make sites; these look at them and
 * prepare them. Nothing here may need the lost site to be alive, but for `fence`, which reaches it as far as it can.
 */

/** One thing looked at before anything is made. A problem says what to do about it. */
export type PreflightFinding =
  | { readonly id: string; readonly status: 'passed'; readonly evidence: string }
  | { readonly id: string; readonly status: 'failed'; readonly evidence: string; readonly remedy: string }
  | { readonly id: string; readonly status: 'not-checked'; readonly reason: string };

/** A moment that can be recovered to. */
export interface RecoveryPoint {
  readonly id: string;
  readonly kind: 'base-backup' | 'restore-point';
  /** ISO instant by the database's clock. */
  readonly time: string;
  readonly place: string;
  readonly sizeBytes: number | null;
  readonly state: { readonly kind: 'healthy' } | { readonly kind: 'unusable'; readonly reasons: readonly string[] };
  /** What was recorded of the data with this point; null when nothing was. */
  readonly recorded: RecordedFacts | null;
}

/** The facts a restored database is held against. `fingerprint` is read by `medplum/fingerprint.ts`. */
export interface RecordedFacts {
  readonly fingerprint: unknown;
  /** Server version that ran when the point was made, as `/healthcheck` gave it; null when it did not answer. */
  readonly serverVersion: string | null;
}

/** The span in which any moment can be recovered to. */
export interface ContinuousWindow {
  readonly from: string;
  /** Upper bound: when the last whole log segment reached the recovery site. */
  readonly to: string;
}

export type RecoveryTarget =
  | { readonly kind: 'latest' }
  | { readonly kind: 'time'; readonly at: string }
  | { readonly kind: 'point'; readonly id: string };

/** The platform's choice for a target: what to restore, and what was passed over with the reasons. */
export interface RestorePlan {
  /** Id of the backup to start from, or of the point itself. */
  readonly recoveryPoint: string;
  readonly kind: RecoveryPoint['kind'] | 'continuous';
  /** ISO instant that the restore aims at; for `latest` the upper bound of what can be there. */
  readonly time: string;
  readonly place: string;
  readonly sizeBytes: number | null;
  readonly skipped: readonly { readonly id: string; readonly reasons: readonly string[] }[];
  /** The newest recorded facts at or before the target. */
  readonly recorded: { readonly pointId: string; readonly time: string; readonly facts: RecordedFacts } | null;
  /** Input of the restore for the platform's database component. */
  readonly source: Record<string, unknown>;
}

export type FenceResult =
  | { readonly state: 'fenced'; readonly detail: string }
  | { readonly state: 'unreachable'; readonly detail: string }
  | { readonly state: 'still-writable'; readonly detail: string };

/** Outputs of a site's stack, as `Environment` registers them. */
export interface SiteOutputs {
  readonly siteEndpoint: Endpoint;
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly username: string;
    readonly passwordSecret: string;
    readonly restoredFrom: RestoredFrom | null;
  };
  readonly cache: { readonly host: string; readonly port: number; readonly passwordSecret: string } | null;
  readonly binaryStorage: string;
  readonly secretsLocation: string;
}

export interface StoredObject {
  readonly id: string;
  readonly versionId: string;
}

/** An outage as the monitoring layer saw it. */
export interface Outage {
  readonly lastGoodAt: string | null;
  readonly firstFailureAt: string;
  readonly detectedAt: string;
}

export interface SiteOperations {
  /** @param recoveryStack the stack about to be made; what it made already, before a crash, is no obstacle. */
  preflight(recoveryStack: string): Promise<PreflightFinding[]>;
  recoveryPoints(): Promise<RecoveryPoint[]>;
  continuousWindow(): Promise<ContinuousWindow | null>;
  /** @throws OperatorError (`bad-input`) when the target cannot be met; it lists what there is. */
  planRestore(target: RecoveryTarget): Promise<RestorePlan>;
  fence(): Promise<FenceResult>;
  /** A secret of a site by name; null when the store has none of that name. */
  secret(outputs: SiteOutputs, name: string): Promise<string | null>;
  connectDatabase(outputs: SiteOutputs): Promise<pg.Client>;
  /** Those of the given objects that the site's store does not have. */
  missingObjects(outputs: SiteOutputs, objects: readonly StoredObject[]): Promise<StoredObject[]>;
  /** What clients resolve now, asked of the name servers themselves. */
  resolve(): Promise<{ readonly addresses: readonly string[]; readonly ttlSeconds: number }>;
  lastOutage(): Promise<Outage | null>;
}
