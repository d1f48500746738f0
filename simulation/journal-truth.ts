import type { JournalEntry, RunHeader } from '../automation/recovery/journal';
import type { Universe } from './world/universe';

/** What is not so although a journal entry says it; null when all is. What a lost place holds cannot be held against it. */
export function untruthOf(universe: Universe, run: RunHeader, entry: JournalEntry): string | null {
  if (Object.values(universe.places).some((state) => state !== 'sound' && state !== 'destroyed')) {
    return null;
  }
  if (entry.kind === 'stack-removed' || (entry.kind === 'over' && entry.how === 'aborted')) {
    return stillThere(universe, run);
  }
  if (entry.kind === 'over') {
    return universe.record?.stack === run.servingStack
      ? null
      : `the name leads to ${universe.record?.stack ?? 'nothing'}`;
  }
  return entry.kind === 'step-done' ? undone(universe, run, entry) : null;
}

/** What is left of a run. */
export function stillThere(universe: Universe, { recoveryStack }: RunHeader): string | null {
  const left = [
    ...(universe.sites.has(recoveryStack) ? ['its site'] : []),
    ...(universe.stacks.has(recoveryStack) ? ['its stack'] : []),
    ...(universe.configs.has(recoveryStack) ? ['its config'] : []),
  ];
  return left.length === 0 ? null : `${left.join(', ')} of ${recoveryStack} is still there`;
}

type StepDone = Extract<JournalEntry, { kind: 'step-done' }>;

function undone(universe: Universe, { servingStack, recoveryStack }: RunHeader, entry: StepDone): string | null {
  const serving = universe.site(servingStack);
  const made = universe.site(recoveryStack);
  switch (entry.step) {
    case 'fence':
      return entry.result.state === 'fenced' && serving?.application === true ? `${servingStack} runs` : null;
    case 'drain': {
      const replica = serving?.protectedAt == null ? null : universe.replica(servingStack, serving.protectedAt);
      if (serving?.application !== false) {
        return `${servingStack} runs`;
      }
      return replica?.shipped === serving.log.length ? null : `not all of ${servingStack} is shipped`;
    }
    case 'recovery-stack':
      return made?.database === 'running' && made.application ? null : `${recoveryStack} does not run`;
    case 'verify-data':
      return made?.database === 'running' ? null : `the database of ${recoveryStack} does not run`;
    case 'health':
      return made?.application === true ? null : `the application of ${recoveryStack} does not run`;
    case 'cutover':
      return !entry.result.moved || universe.record?.address === entry.result.after || universe.foreign !== null
        ? null
        : `the name leads to ${universe.record?.address ?? 'nothing'}`;
    case 'protect':
      return made?.protectedAt == null || (universe.replica(recoveryStack, made.protectedAt)?.points.length ?? 0) === 0
        ? `${recoveryStack} has no recovery point`
        : null;
    case 'preflight':
    case 'recovery-point':
    case 'application-recovery':
      return null;
  }
}
