import type { PreflightFinding } from '../../components/site-operations';
import type { ResourceTiming } from '../recovery/results';
import type { ResourceListener } from './resource-recorder';

/** What is told while the engine works on a stack. */
export interface EngineProgress {
  readonly signal: AbortSignal;
  readonly onWaiting: (what: string) => void;
  /** Told what was done beside the update: a dead engine's lock broken, its unfinished work settled. */
  readonly onNote?: (text: string) => void;
}

export interface UpdateOptions extends EngineProgress, ResourceListener {
  /** Ending of the type of the only component to update; everything when absent. */
  readonly targetType?: string;
}

export interface UpdateOutcome {
  readonly outputs: Record<string, unknown>;
  readonly resources: readonly ResourceTiming[];
}

/** The engine as a run uses it, on the stacks of one project. `EngineSession` is the real one. */
export interface StackEngine {
  readonly engineVersion: string;
  /** Whether the state backend can be used, and does not need what may be lost. */
  checkBackend(): Promise<PreflightFinding>;
  /** Selects the stack; where there is none, `prepare` writes its config and it is made. */
  ensureStack(name: string, prepare: () => Promise<void>): Promise<void>;
  /** One `up` of a stack with the program of this package. @throws OperatorError with the engine's own diagnostics. */
  update(name: string, options: UpdateOptions): Promise<UpdateOutcome>;
  outputs(name: string): Promise<Record<string, unknown>>;
  /** Removes a stack with all that it made, its data too, and its config. */
  destroy(name: string, progress: EngineProgress): Promise<void>;
  /**
   * Ends the engines that a driver on this machine started, when it was taken over: they would go on with what it asked for.
   * Those on another machine cannot be reached; their lock on the stack is found when it is updated.
   * @returns their process ids.
   */
  stopEnginesOf(driver: { readonly host: string; readonly pid: number }): Promise<readonly number[]>;
  /** Takes the protection off all that a stack made, so that an update may remove what its program no longer has. */
  unprotect(name: string): Promise<void>;
}
