import { PassThrough } from 'node:stream';
import type { RunMode, StepId } from './recovery/results';
import type { Check } from './verification/check';

/** What a run tells while it goes on. Instants are ISO with milliseconds, spans are seconds. */
export type RecoveryEvent =
  | {
      readonly kind: 'run-started';
      readonly at: string;
      readonly id: string;
      readonly mode: RunMode;
      readonly environment: string;
    }
  | {
      readonly kind: 'step-started';
      readonly at: string;
      readonly step: StepId;
      readonly title: string;
      readonly budgetSeconds: number;
    }
  | { readonly kind: 'step-waiting'; readonly at: string; readonly step: StepId; readonly waitingFor: string }
  | {
      readonly kind: 'step-finished';
      readonly at: string;
      readonly step: StepId;
      readonly status: 'done' | 'failed' | 'skipped';
      readonly seconds: number;
      readonly summary: string;
    }
  /** Once a step, when it goes on beyond what it was expected to take. */
  | {
      readonly kind: 'over-budget';
      readonly at: string;
      readonly step: StepId;
      readonly budgetSeconds: number;
      readonly text: string;
    }
  | { readonly kind: 'check'; readonly at: string; readonly step: StepId; readonly check: Check }
  | {
      readonly kind: 'resource';
      readonly at: string;
      readonly step: StepId;
      readonly name: string;
      readonly type: string;
      readonly state: 'started' | 'done' | 'failed';
    }
  /** What goes on outside the steps, such as a drill's preparation, and how far it has come. */
  | { readonly kind: 'activity' | 'activity-progress'; readonly at: string; readonly text: string }
  | { readonly kind: 'note' | 'warning'; readonly at: string; readonly text: string }
  | {
      readonly kind: 'run-finished';
      readonly at: string;
      readonly result: 'recovered' | 'failed' | 'cancelled';
      readonly reportDirectory: string | null;
    };

type WithoutInstant<Event> = Event extends RecoveryEvent ? Omit<Event, 'at'> : never;
export type Emit = (event: WithoutInstant<RecoveryEvent>) => void;

/** The events of one run, kept until they are read. */
export interface EventStream {
  readonly emit: Emit;
  readonly events: AsyncIterable<RecoveryEvent>;
  end(): void;
}

export function createEventStream(): EventStream {
  const stream = new PassThrough({ objectMode: true });
  return {
    emit: (event) => {
      stream.write({ at: new Date().toISOString(), ...event });
    },
    events: stream as AsyncIterable<RecoveryEvent>,
    end: () => stream.end(),
  };
}
