import { STEPS_OF, type RunMode, type StepId } from '../automation/recovery/results';

/** Bugs that are put in on purpose, each to be found. */
export const MUTATIONS = {
  'cutover-before-verification': 'traffic moves before the data and the health of the new site are looked at',
  'cutover-without-fence': 'the step that fences the old primary is left out, and the cutover takes it to be stopped',
  'no-fencing-check': 'a driver does not see that another one took its lock over',
  'no-compare-and-set': 'the name server takes every change, whatever the record is by then',
  'rollback-ignores-writes': 'going back does not count the writes that would be lost',
  'engine-forgets': 'the engine has no memory: what is there is made again by a driver that resumes',
  'drain-ships-nothing': 'a planned move stops the site and does not ship the end of its log',
  'trusts-green-health': 'the data of a restored site counts as good because its health check is green',
  'update-not-awaited': 'an update counts as done when it has begun',
  'drill-takes-traffic': 'a drill is run as if it were the real thing',
  'lock-not-released': 'the end of a run does not give its lock back',
} as const;
export type Mutation = keyof typeof MUTATIONS;

/** The steps as a mutated runner has them. */
export function orderOf(mutation: Mutation | null): Readonly<Record<RunMode, readonly StepId[]>> {
  if (mutation === 'cutover-before-verification') {
    return reordered((steps) => {
      const others = steps.filter((step) => step !== 'cutover');
      const at = others.indexOf('verify-data');
      return [...others.slice(0, at), 'cutover', ...others.slice(at)];
    });
  }
  return mutation === 'cutover-without-fence'
    ? reordered((steps) => steps.filter((step) => step !== 'fence'))
    : STEPS_OF;
}

function reordered(change: (steps: readonly StepId[]) => readonly StepId[]): Record<RunMode, readonly StepId[]> {
  const { recovery, drill, switchover, failback } = STEPS_OF;
  return {
    recovery: change(recovery),
    drill: change(drill),
    switchover: change(switchover),
    failback: change(failback),
  };
}
