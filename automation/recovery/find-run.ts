import { OperatorError } from '../../components/errors';
import type { PlatformEnvironment } from '../../components/platform';
import type { ControlStore } from '../control/store';
import type { StackConfigs } from '../stacks/stack-configs';
import { Journal, RUNS, type JournalEntry, type RunHeader } from './journal';

export interface FoundRun {
  readonly header: RunHeader;
  readonly entries: readonly JournalEntry[];
  readonly store: ControlStore;
}

/**
 * Looks for a run's journal in the control stores of all environments of the project.
 * @throws OperatorError when no environment has such a run.
 */
export async function findRun(
  id: string,
  configs: StackConfigs,
  storeOf: (environment: PlatformEnvironment) => Promise<ControlStore>
): Promise<FoundRun> {
  const looked: string[] = [];
  for (const stack of await configs.names()) {
    const environment = await configs.open(stack).catch((error: unknown) => {
      // One environment's broken config is no reason not to find another's run.
      if (error instanceof OperatorError) {
        return null;
      }
      throw error;
    });
    if (environment?.config.role !== 'primary') {
      continue;
    }
    const store = await storeOf(environment);
    looked.push(`${stack} (${store.address})`);
    const entries = await new Journal(store, id).read();
    const [first] = entries;
    if (first?.kind === 'run') {
      return { header: headerIn(first), entries, store };
    }
  }
  throw new OperatorError('bad-input', `There is no run "${id}".`, {
    hint: `Looked in the journals of: ${looked.join(', ') || 'no environment'}. medplum-dr status <environment> lists the runs.`,
  });
}

/** Ids of all runs that a store has journals of, oldest first. */
export async function runIds(store: ControlStore): Promise<string[]> {
  const keys = await store.list(RUNS);
  return [...new Set(keys.map((key) => key.slice(RUNS.length).split('/')[0] ?? ''))].sort();
}

/** The header of a run that can be gone on with. @throws OperatorError for one that is over. */
export function requireOpen(id: string, entries: readonly JournalEntry[]): RunHeader {
  const [first] = entries;
  if (first?.kind !== 'run') {
    throw new OperatorError('bad-input', `There is no run "${id}" to go on with.`, {
      hint: 'medplum-dr status lists the runs of an environment.',
    });
  }
  const end = entries.find((entry) => entry.kind === 'over' || entry.kind === 'stack-removed');
  if (end !== undefined) {
    const how = end.kind === 'over' ? end.how : 'what it made is removed';
    throw new OperatorError('bad-input', `Run "${id}" is over: ${how} at ${end.at}.`, { hint: 'Start a new one.' });
  }
  return headerIn(first);
}

/** @throws OperatorError for a run whose undoing has begun: only that can be gone on with. */
export function requireNotUndone(id: string, entries: readonly JournalEntry[]): void {
  const undoing = entries.find((entry) => entry.kind === 'undoing');
  if (undoing !== undefined) {
    throw new OperatorError(
      'bad-input',
      `Run "${id}" is being undone since ${undoing.at}: it cannot be gone on with.`,
      {
        hint: `medplum-dr abort ${id} goes on with that.`,
      }
    );
  }
}

function headerIn(entry: Extract<JournalEntry, { kind: 'run' }>): RunHeader {
  const { kind, ...header } = entry;
  return header;
}
