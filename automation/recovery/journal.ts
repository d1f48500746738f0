import { mkdir, open, readFile } from 'node:fs/promises';
import path from 'node:path';
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
  | { readonly kind: 'run-ended'; readonly at: string; readonly result: 'recovered' | 'failed' | 'cancelled' };

interface StepDone<Id extends StepId> {
  readonly kind: 'step-done';
  readonly step: Id;
  readonly at: string;
  readonly result: StepResults[Id];
}

/**
 * The journal of a run: append-only JSON lines, outside both sites and outside the engine's state. A step is written
 * before and after it, each line flushed to the disk before the run goes on.
 */
export class Journal {
  readonly #file: string;

  constructor(directory: string) {
    this.#file = path.join(directory, 'journal.jsonl');
  }

  async append(entry: JournalEntry): Promise<void> {
    await mkdir(path.dirname(this.#file), { recursive: true });
    const handle = await open(this.#file, 'a', 0o600);
    try {
      await handle.appendFile(`${JSON.stringify(entry)}\n`);
      await handle.datasync();
    } finally {
      await handle.close();
    }
  }

  /** All whole lines; a torn last one is what a killed driver leaves and says nothing. */
  async read(): Promise<JournalEntry[]> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return [];
      }
      throw error;
    }
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalEntry);
  }
}
