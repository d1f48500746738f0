import type { Emit } from '../events';
import type { UpdateOptions } from '../stacks/stack-engine';
import type { StepId } from './results';
import type { StepContext } from './step';

/** Tells what the engine does as part of a step: its resources, what it waits for, what it had to mend. */
export function stepProgress(
  { emit, waiting, signal }: Pick<StepContext, 'emit' | 'waiting' | 'signal'>,
  step: StepId
): UpdateOptions {
  return {
    signal,
    onResource: (resource) => {
      emit({ kind: 'resource', step, ...resource });
    },
    onWaiting: waiting,
    onNote: noteTo(emit),
  };
}

/**
 * The same outside the steps. Nothing ends it: what undoes or brings back a site is to come to its end, also when the run
 * that needs it is being cancelled.
 */
export function commandProgress(emit: Emit): UpdateOptions {
  return {
    signal: new AbortController().signal,
    onResource: () => undefined,
    onWaiting: waitingTo(emit),
    onNote: noteTo(emit),
  };
}

export function waitingTo(emit: Emit): (text: string) => void {
  return (text) => {
    emit({ kind: 'activity-progress', text });
  };
}

function noteTo(emit: Emit): (text: string) => void {
  return (text) => {
    emit({ kind: 'warning', text });
  };
}
