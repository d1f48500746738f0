import type { PlatformEnvironment } from '../../components/platform';
import type { RecoveryTarget, SiteOperations } from '../../components/site-operations';
import type { Emit } from '../events';
import type { EngineSession } from '../stacks/session';
import type { Project } from '../stacks/project';
import type { StepId, StepResults } from './results';

/** What a step works with. The world is reached through these alone. */
export interface StepContext {
  readonly id: string;
  /** False in a drill of a live environment: its primary is not fenced and its name not moved. */
  readonly takesTraffic: boolean;
  readonly project: Project;
  readonly environmentName: string;
  readonly environment: PlatformEnvironment;
  readonly operations: SiteOperations;
  readonly session: EngineSession;
  readonly target: RecoveryTarget;
  /** Name of the stack that the run makes. */
  readonly recoveryStack: string;
  readonly acceptUnfencedPrimary: boolean;
  /** Ids of checks that may fail or stay unmade without stopping the run. */
  readonly acceptedChecks: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Says what the step waits for now. */
  readonly waiting: (what: string) => void;
  /** What an earlier step found. @throws when it has not run. */
  readonly result: <Id extends StepId>(step: Id) => StepResults[Id];
}

/**
 * One step of a recovery. It may run again after a crash anywhere within it: it asks the world what is done already.
 */
export interface Step<Id extends StepId> {
  readonly id: Id;
  readonly title: string;
  /** Seconds it is expected to take at most; going over is reported, not punished. */
  readonly budgetSeconds: number;
  /** Set when it changes nothing. A run that ends in such a step leaves nothing behind, its journal included. */
  readonly onlyLooks?: true;
  run(context: StepContext): Promise<StepResults[Id]>;
  /** One line on what it found. */
  summarise(result: StepResults[Id]): string;
}
