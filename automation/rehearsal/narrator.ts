import type { Emit } from '../events';

/** Tells what a rehearsal does: what goes on now, how far it has come, and what is to be remembered. */
export interface Narrator {
  readonly note: (text: string) => void;
  readonly activity: (text: string) => void;
  readonly progress: (text: string) => void;
}

export function narratorOf(emit: Emit): Narrator {
  return {
    note: (text) => {
      emit({ kind: 'note', text });
    },
    activity: (text) => {
      emit({ kind: 'activity', text });
    },
    progress: (text) => {
      emit({ kind: 'activity-progress', text });
    },
  };
}
