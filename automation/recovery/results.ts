import type { ActiveEndpoint } from '../../components/config';
import type {
  Drained,
  FenceResult,
  Outage,
  PreflightFinding,
  RestorePlan,
  SiteOutputs,
} from '../../components/site-operations';
import type { Check } from '../verification/check';

/**
 * What a run is for. A recovery takes over from a site that is lost; a switchover is a planned move that loses nothing,
 * and a failback one that returns to the site where the environment stood at first; a drill takes no traffic.
 */
export const RUN_MODES = ['recovery', 'drill', 'switchover', 'failback'] as const;
export type RunMode = (typeof RUN_MODES)[number];

/** Whether the serving site is stopped by plan, with all that it wrote shipped, before anything is restored. */
export function isPlanned(mode: RunMode): mode is 'switchover' | 'failback' {
  return mode === 'switchover' || mode === 'failback';
}

const RESTORE = ['recovery-stack', 'verify-data', 'application-recovery', 'health', 'cutover'] as const;
const UNPLANNED = ['preflight', 'recovery-point', 'fence', ...RESTORE] as const;
const PLANNED = ['preflight', 'drain', 'recovery-point', ...RESTORE, 'protect'] as const;

export type StepId = (typeof UNPLANNED)[number] | (typeof PLANNED)[number];

/** The steps of a run in their order. */
export const STEPS_OF: Readonly<Record<RunMode, readonly StepId[]>> = {
  recovery: UNPLANNED,
  drill: UNPLANNED,
  switchover: PLANNED,
  failback: PLANNED,
};

/** An engine resource as its update went: for the picture of what went on side by side. */
export interface ResourceTiming {
  readonly name: string;
  readonly type: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

/** What each step finds out, kept in the journal, so that a later step or another driver can go on from it. */
export interface StepResults {
  readonly preflight: {
    readonly findings: readonly PreflightFinding[];
    readonly outage: Outage | null;
    /** Address that the environment's name led to; null where there was no record. A cutover replaces this and no other. */
    readonly record: string | null;
  };
  readonly drain: Drained;
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
  readonly health: {
    readonly checks: readonly Check[];
    readonly serverVersion: string | null;
    /** ISO instant of the newest write on the new site before clients came to it: later ones would be lost by going back. */
    readonly newestWriteAt: string | null;
  };
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
  readonly protect: Protection;
}

/** What protects a site since when: the recovery point that proves it. */
export interface Protection {
  readonly site: string;
  readonly recoveryPoint: string;
  readonly since: string;
}
