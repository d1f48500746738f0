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

/** Where a planned move stopped the database: everything up to here lies at the recovery site. */
export interface Drained {
  /** Position in the write-ahead log, as the platform tells it. */
  readonly position: string;
  /** Id of the recovery point that was made after the last write; recorded facts are those of the stopped site. */
  readonly recoveryPoint: string;
  /** ISO instant at which the site had stopped taking writes. */
  readonly stoppedAt: string;
}

export interface DrainWait {
  readonly waiting: (what: string) => void;
  readonly signal: AbortSignal;
  /** Asked right before each thing that stops the site: a drain takes long, and its driver may be taken over meanwhile. */
  readonly check?: () => Promise<void>;
}

/** Whether a site takes writes now. */
export type SiteCondition =
  | { readonly kind: 'taking-writes'; readonly detail: string }
  | { readonly kind: 'stopped'; readonly detail: string }
  /** Kept from taking writes, also when it is started again. */
  | { readonly kind: 'fenced'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail: string };

/** Something of a site or of its protection that is still there: it may cost money and hold patients' data. */
export interface Remains {
  /** What it is, in plain words, with its place. */
  readonly what: string;
  readonly sizeBytes: number | null;
}

export interface BlockedAttempts {
  readonly target: string;
  readonly attempts: number;
}

/** What the driver asks of the site of one stack. `resolve` and `lastOutage` are of the environment's front. */
export interface SiteOperations {
  /** @param recoveryStack the stack about to be made; what it made already, before a crash, is no obstacle. */
  preflight(recoveryStack: string): Promise<PreflightFinding[]>;
  recoveryPoints(): Promise<RecoveryPoint[]>;
  continuousWindow(): Promise<ContinuousWindow | null>;
  /** @throws OperatorError (`bad-input`) when the target cannot be met; it lists what there is. */
  planRestore(target: RecoveryTarget): Promise<RestorePlan>;
  /** Stops the site from taking writes, and keeps it so when it comes back. What cannot be reached is told, not thrown. */
  fence(): Promise<FenceResult>;
  /** Ends what writes; the database stays up, so that it can be asked what was written last. */
  stopApplication(): Promise<void>;
  /** Takes the fence off. Nothing is started: the next update of the stack does that. */
  unfence(): Promise<void>;
  /**
   * A planned stop: no new writes, then all that was written is shipped to the recovery site, marked by a recovery point,
   * then the site is fenced. May be called again after it was interrupted.
   * @throws OperatorError when the log or the objects do not arrive.
   */
  drain(wait: DrainWait): Promise<Drained>;
  condition(): Promise<SiteCondition>;
  /** How far the making of a stack of this site's recovery has come, in words that change while it goes on; null: unknown. */
  restoreProgress(recoveryStack: string): Promise<string | null>;
  /** The same of the first backup of this site at its recovery site. */
  protectionProgress(): Promise<string | null>;
  /**
   * What a drill's copy tried to reach outside itself and was kept from, with counts: `email.example.com:25`, 3. Empty when
   * it tried nothing; null when the stack is not quarantined, so that nothing was counted.
   */
  blockedAttempts(recoveryStack: string): Promise<readonly BlockedAttempts[] | null>;
  /** What is still there of the site, for a stack that no longer serves; and of its copies at the recovery site. */
  remains(): Promise<readonly Remains[]>;
  /** Removes those of its copies at the recovery site; the site itself is removed by the engine. */
  removeRemains(): Promise<void>;
  /** A secret of a site by name; null when the store has none of that name. */
  secret(outputs: SiteOutputs, name: string): Promise<string | null>;
  connectDatabase(outputs: SiteOutputs): Promise<pg.Client>;
  /** Those of the given objects that the site's store does not have. */
  missingObjects(outputs: SiteOutputs, objects: readonly StoredObject[]): Promise<StoredObject[]>;
  /** What clients resolve now, asked of the name servers themselves. */
  resolve(): Promise<{ readonly addresses: readonly string[]; readonly ttlSeconds: number }>;
  lastOutage(): Promise<Outage | null>;
}
