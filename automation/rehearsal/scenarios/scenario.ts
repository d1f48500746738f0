import type { RecoveryTarget } from '../../../components/site-operations';
import type { Check } from '../../verification/check';
import type { ClientProcess } from '../client-process';
import type { Narrator } from '../narrator';
import type { RehearsalPrimary } from '../environment';
import type { RehearsalWorkspace } from '../workspace';
import type * as pg from 'pg';

export const SCENARIOS = ['site-loss', 'bad-write', 'corrupt-backup'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface ScenarioContext {
  readonly workspace: RehearsalWorkspace;
  readonly primary: RehearsalPrimary;
  readonly client: ClientProcess;
  readonly signal: AbortSignal;
  readonly narrator: Narrator;
}

/** What a scenario did to the environment, and how the recovery is to go. */
export interface Damage {
  /** The moment of loss. */
  readonly lostAt: Date;
  readonly target: RecoveryTarget;
  /** Looks at the recovered database for what this scenario is about. */
  readonly verify: (database: pg.Client, skippedBackups: readonly string[]) => Promise<Check[]>;
}

/** One way for an environment to be lost. */
export interface Scenario {
  readonly name: ScenarioName;
  readonly title: string;
  strike(context: ScenarioContext): Promise<Damage>;
}
