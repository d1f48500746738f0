import type { ActiveEndpoint } from '../../components/config';
import type { FenceResult, Outage, PreflightFinding, RestorePlan, SiteOutputs } from '../../components/site-operations';
import type { Check } from '../verification/check';

/** The steps of a recovery in their order. */
export const STEP_IDS = [
  'preflight',
  'recovery-point',
  'fence',
  'recovery-stack',
  'verify-data',
  'application-recovery',
  'health',
  'cutover',
] as const;
export type StepId = (typeof STEP_IDS)[number];

/** An engine resource as its update went: for the picture of what went on side by side. */
export interface ResourceTiming {
  readonly name: string;
  readonly type: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** What each step finds out, kept in the journal, so that a later step or another driver can go on from it. */
export interface StepResults {
  readonly preflight: { readonly findings: readonly PreflightFinding[]; readonly outage: Outage | null };
  readonly 'recovery-point': RestorePlan;
  readonly fence: FenceResult | { readonly state: 'not-attempted'; readonly detail: string };
  readonly 'recovery-stack': {
    readonly stack: string;
    readonly outputs: SiteOutputs;
    readonly resources: readonly ResourceTiming[];
  };
  readonly 'verify-data': {
    readonly checks: readonly Check[];
    /** ISO instant of the newest write that the restored database has; null for an empty one. */
    readonly newestWriteAt: string | null;
    /** ISO instant of the newest Binary whose bytes the restored store has; null when there is none. */
    readonly newestObjectAt: string | null;
    /** Binaries that the database names and the store lacks. */
    readonly missingObjects: number;
    readonly postgresqlVersion: string;
  };
  readonly 'application-recovery': {
    readonly checks: readonly Check[];
    /** What was reloaded and what was not, in plain words. */
    readonly notes: readonly string[];
  };
  readonly health: { readonly checks: readonly Check[]; readonly serverVersion: string | null };
  readonly cutover:
    | {
        readonly moved: true;
        readonly active: ActiveEndpoint;
        readonly before: string | null;
        readonly after: string;
        readonly observedAt: string;
        readonly checks: readonly Check[];
        readonly resources: readonly ResourceTiming[];
      }
    | { readonly moved: false; readonly reason: string };
}
