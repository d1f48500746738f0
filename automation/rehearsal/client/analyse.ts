import type { JournalEvent } from './journal';

export type AcknowledgedWrite = Pick<
  Extract<JournalEvent, { kind: 'acknowledged' }>,
  'at' | 'resourceType' | 'id' | 'versionId'
>;

/** The longest time without a good answer in which a request failed, as the client saw it. */
export type ClientOutage =
  | { readonly kind: 'none' }
  | {
      /** `lasting` when no good answer came any more until the journal's end. */
      readonly kind: 'over' | 'lasting';
      /** ISO instants; null when there was no good answer before, or after. */
      readonly lastGoodAt: string | null;
      readonly firstFailureAt: string;
      readonly firstGoodAt: string | null;
      /**
       * From the last good answer before (the first failure where there was none) to the first good answer after (the
       * last event where there was none).
       */
      readonly downtimeSeconds: number;
    };

export interface JournalAnalysis {
  readonly outage: ClientOutage;
  /** Whether the last thing that the client tried was answered well. */
  readonly answeredAtEnd: boolean;
  /** Where good answers came from; an entry for each change. */
  readonly addresses: readonly { readonly at: string; readonly address: string }[];
  readonly acknowledged: readonly AcknowledgedWrite[];
  readonly failures: number;
  /** Tokens asked for and given; each after the first followed a 401. */
  readonly tokens: number;
}

/** What a drill's client saw. A good answer is a write acknowledged or a search answered; a new token alone is none. */
export function analyseJournal(events: readonly JournalEvent[]): JournalAnalysis {
  return {
    outage: longestOutage(events),
    answeredAtEnd:
      events.filter((event) => isGood(event) || event.kind === 'failed').at(-1)?.kind !== 'failed' &&
      events.some(isGood),
    addresses: addressChanges(events),
    acknowledged: events.flatMap((event) =>
      event.kind === 'acknowledged'
        ? [{ at: event.at, resourceType: event.resourceType, id: event.id, versionId: event.versionId }]
        : []
    ),
    failures: events.filter((event) => event.kind === 'failed').length,
    tokens: events.filter((event) => event.kind === 'token').length,
  };
}

type GoodAnswer = Extract<JournalEvent, { kind: 'acknowledged' | 'read' }>;

function isGood(event: JournalEvent): event is GoodAnswer {
  return event.kind === 'acknowledged' || event.kind === 'read';
}

function longestOutage(events: readonly JournalEvent[]): ClientOutage {
  let longest: ClientOutage = { kind: 'none' };
  let lastGood: JournalEvent | undefined;
  let firstFailure: JournalEvent | undefined;
  const end = (failure: JournalEvent, last: JournalEvent): void => {
    const downtimeSeconds = (last.monotonicMs - (lastGood ?? failure).monotonicMs) / 1000;
    if (longest.kind !== 'none' && longest.downtimeSeconds >= downtimeSeconds) {
      return;
    }
    const isOver = isGood(last);
    longest = {
      kind: isOver ? 'over' : 'lasting',
      lastGoodAt: lastGood?.at ?? null,
      firstFailureAt: failure.at,
      firstGoodAt: isOver ? last.at : null,
      downtimeSeconds,
    };
  };
  for (const event of events) {
    if (event.kind === 'failed') {
      firstFailure ??= event;
    } else if (isGood(event)) {
      if (firstFailure !== undefined) {
        end(firstFailure, event);
      }
      lastGood = event;
      firstFailure = undefined;
    }
  }
  const last = events.at(-1);
  if (firstFailure !== undefined && last !== undefined) {
    end(firstFailure, last);
  }
  return longest;
}

function addressChanges(events: readonly JournalEvent[]): { at: string; address: string }[] {
  const changes: { at: string; address: string }[] = [];
  for (const { at, address } of events.filter(isGood)) {
    if (changes.at(-1)?.address !== address) {
      changes.push({ at, address });
    }
  }
  return changes;
}
