import type { ActiveEndpoint } from '../../components/config';
import type { PlatformEnvironment } from '../../components/platform';
import type { RecoveryTarget, SiteOperations } from '../../components/site-operations';
import type { ControlStore } from '../control/store';
import type { Emit } from '../events';
import type { StackConfigs } from '../stacks/stack-configs';
import type { StackEngine } from '../stacks/stack-engine';
import type { SiteVerification } from '../verification/site';
import type { Clock } from './clock';
import type { RunMode, StepId, StepResults } from './results';

/** What a step works with. The world is reached through these alone. */
export interface StepContext {
  readonly id: string;
  readonly mode: RunMode;
  /** False in a drill of a live environment: its primary is not fenced and its name not moved. */
  readonly takesTraffic: boolean;
  /** Name of the environment: of the primary stack, which is its front for ever. */
  readonly environmentName: string;
  /** The stack that serves when the run begins, with its own config and site: what is recovered. */
  readonly servingStack: string;
  readonly environment: PlatformEnvironment;
  readonly operations: SiteOperations;
  /** Who serves by the front's config when this driver began; undefined before the first cutover. */
  readonly active: ActiveEndpoint | undefined;
  /** The same when the run began; null before the first cutover. */
  readonly previous: ActiveEndpoint | null;
  readonly engine: StackEngine;
  readonly configs: StackConfigs;
  readonly verification: SiteVerification;
  readonly clock: Clock;
  /** Journals and locks, outside both sites. */
  readonly store: ControlStore;
  /** Number of this driver's lease: grows with every driver, so that what a later one did is never undone by an earlier. */
  readonly fencingNumber: number;
  readonly target: RecoveryTarget;
  /** Name of the stack that the run makes. */
  readonly recoveryStack: string;
  readonly acceptUnfencedPrimary: boolean;
  /** Ids of checks that may fail or stay unmade without stopping the run. */
  readonly acceptedChecks: ReadonlySet<string>;
  /** An address that the record may have been changed to by somebody else meanwhile. */
  readonly acceptedRecord: string | null;
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** Says what the step waits for now. Words that change are progress. */
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
