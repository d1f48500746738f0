import type { EngineEvent } from '@pulumi/pulumi/automation';
import type { ResourceTiming } from '../recovery/results';
import { warnsOfPendingOperations } from './pending-operations';

export interface ResourceEvent {
  readonly name: string;
  readonly type: string;
  readonly state: 'started' | 'done' | 'failed';
}

/** Who is told of what the engine does. */
export interface ResourceListener {
  readonly onResource: (event: ResourceEvent) => void;
  readonly onWaiting: (what: string) => void;
}

/** Follows an update by its events. Nothing is thrown here: the engine's client swallows what a handler throws. */
export class ResourceRecorder {
  readonly #listener: ResourceListener;
  readonly #timings = new Map<string, { name: string; type: string; startedAt: string; endedAt: string | null }>();
  readonly diagnostics: string[] = [];
  /** The engine found what a killed one left unfinished. */
  sawPendingOperations = false;

  constructor(listener: ResourceListener) {
    this.#listener = listener;
  }

  readonly take = (event: EngineEvent): void => {
    if (event.diagnosticEvent?.severity === 'error') {
      this.diagnostics.push(event.diagnosticEvent.message.trim());
    }
    if (event.diagnosticEvent?.severity === 'warning' && warnsOfPendingOperations(event.diagnosticEvent.message)) {
      this.sawPendingOperations = true;
    }
    const started = event.resourcePreEvent?.metadata;
    if (started !== undefined && started.op !== 'same') {
      const timing = {
        name: nameOf(started.urn),
        type: started.type,
        startedAt: new Date().toISOString(),
        endedAt: null,
      };
      this.#timings.set(started.urn, timing);
      this.#listener.onResource({ name: timing.name, type: timing.type, state: 'started' });
      this.#tellWaiting();
    }
    const done = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
    const timing = done === undefined ? undefined : this.#timings.get(done.urn);
    if (timing !== undefined) {
      timing.endedAt = new Date().toISOString();
      const state = event.resOutputsEvent === undefined ? 'failed' : 'done';
      this.#listener.onResource({ name: timing.name, type: timing.type, state });
      this.#tellWaiting();
    }
  };

  timings(): ResourceTiming[] {
    return [...this.#timings.values()].filter((timing) => isWork(timing.type));
  }

  #tellWaiting(): void {
    const running = [...this.#timings.values()].filter((timing) => timing.endedAt === null && isWork(timing.type));
    if (running.length > 0) {
      this.#listener.onWaiting(running.map((timing) => timing.name).join(', '));
    }
  }
}

/** Components and providers do no work of their own. */
function isWork(type: string): boolean {
  return !type.startsWith('medplum-dr:') && !type.startsWith('pulumi:');
}

function nameOf(urn: string): string {
  return urn.split('::').at(-1) ?? urn;
}
