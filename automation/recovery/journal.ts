import { mkdir, open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { readIfThere } from '../../components/read-if-there';
import type { RecoveryTarget } from '../../components/site-operations';
import type { StepId, StepResults } from './results';

/** What a run was asked to do; the first line of its journal. */
export interface RunHeader {
  readonly id: string;
  readonly mode: 'recovery' | 'drill';
  readonly environment: string;
  readonly target: RecoveryTarget;
  readonly recoveryStack: string;
  readonly startedAt: string;
  readonly lostAt: string | null;
  readonly overrides: readonly string[];
}

export type JournalEntry =
  | ({ readonly kind: 'run' } & RunHeader)
  | { readonly kind: 'step-started'; readonly step: StepId; readonly at: string; readonly attempt: number }
  | { readonly [Id in StepId]: StepDone<Id> }[StepId]
  | { readonly kind: 'step-failed'; readonly step: StepId; readonly at: string; readonly message: string }
  | { readonly kind: 'stack-removed'; readonly at: string }
  | { readonly kind: 'run-ended'; readonly at: string; readonly result: 'recovered' | 'failed' | 'cancelled' };

interface StepDone<Id extends StepId> {
  readonly kind: 'step-done';
  readonly step: Id;
  readonly at: string;
  readonly result: StepResults[Id];
}

/**
 * The journal of a run: append-only JSON lines, outside both sites and outside the engine's state. A step is written
 * before and after it, each line flushed to the disk before the run goes on. Until `begin` a new journal is only kept in
 * memory, so that a run which finds that it cannot start leaves nothing behind.
 */
export class Journal {
  readonly #file: string;
  /** Entries that wait for the run to begin; null once it has. */
  #held: JournalEntry[] | null = [];
  #appending = false;

  constructor(directory: string) {
    this.#file = path.join(directory, 'journal.jsonl');
  }

  /** Whether the run has begun to act, now or in an earlier driver. */
  get begun(): boolean {
    return this.#held === null;
  }

  /** Writes what was held, and from now on every entry at once. */
  async begin(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = null;
    for (const entry of held) {
      await this.append(entry);
    }
  }

  async append(entry: JournalEntry): Promise<void> {
    if (this.#held !== null) {
      this.#held.push(entry);
      return;
    }
    await mkdir(path.dirname(this.#file), { recursive: true });
    const handle = await open(this.#file, 'a+', 0o600);
    try {
      if (!this.#appending) {
        await dropTornLine(handle);
        this.#appending = true;
      }
      await handle.appendFile(`${JSON.stringify(entry)}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  /** All whole lines on disk; a torn last one is what a killed driver leaves and says nothing. */
  async read(): Promise<JournalEntry[]> {
    const text = await readIfThere(this.#file);
    if (text === null) {
      return [];
    }
    this.#held = null;
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalEntry);
  }
}

/** What a killed driver left after the last whole line would spoil the next one. */
async function dropTornLine(handle: FileHandle): Promise<void> {
  const bytes = await handle.readFile();
  const whole = bytes.lastIndexOf('\n') + 1;
  if (whole < bytes.length) {
    await handle.truncate(whole);
  }
}
