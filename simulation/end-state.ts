import { stillThere } from './journal-truth';
import { headerOf, type RunEnd } from './operator';
import type { Simulation } from './simulation';
import { takesWrites } from './world/site';

/** Holds the world against how a run ended, once nothing goes wrong any more. */
export function judgeEnd(simulation: Simulation, { kind, id }: RunEnd): void {
  const { universe } = simulation;
  const { invariants, record, foreign } = universe;
  const wrong = (detail: string): void => {
    invariants.violate('same-end', `run ${id}, ${kind}: ${detail}`);
  };
  const run = headerOf(simulation, id);
  if (run === null) {
    const left = [...universe.stacks.keys()].find((stack) => stack.endsWith(id));
    if (left !== undefined) {
      wrong(`it never began, and made ${left}`);
    }
    return;
  }
  if (foreign !== null && record === foreign) {
    return;
  }
  const { recoveryStack, servingStack, mode, takesTraffic } = run;
  const moved = kind === 'recovered' && takesTraffic;
  const serves = moved ? recoveryStack : servingStack;
  if (record?.stack !== serves) {
    wrong(`the name leads to ${record?.stack ?? 'nothing'} and not to ${serves}`);
  }
  const site = universe.site(serves);
  const mustServe = moved || mode === 'switchover' || mode === 'failback';
  if (mustServe && (site === null || !takesWrites(site))) {
    wrong(`${serves} takes no writes`);
  }
  const left = moved || kind === 'rolled-back' ? null : stillThere(universe, run);
  if (left !== null) {
    wrong(left);
  }
  const other = moved ? universe.site(servingStack) : universe.site(recoveryStack);
  if (other?.application === true) {
    wrong(`${other.stack}, which serves no more, runs`);
  }
  const missing = mustServe ? invariants.missingAt(universe, site) : [];
  if (missing.length > 0) {
    invariants.violate('planned-move-loses-nothing', `write(s) ${missing.join(', ')} are not at ${serves}`);
  }
  const config = universe.configs.get(simulation.environment)?.['activeEndpoint'] as { stack: string } | undefined;
  if ((config?.stack ?? simulation.environment) !== serves) {
    wrong(`the front's config says that ${config?.stack ?? simulation.environment} serves`);
  }
}

/** Once nobody works any more nobody holds the environment. */
export function judgeLock({ universe, drivers, ended, environment }: Simulation): void {
  const keys = [...universe.store.keys()].filter((key) => key.startsWith(`locks/${environment}/`));
  const newest = keys
    .filter((key) => key.endsWith('.json'))
    .sort()
    .at(-1);
  const driver = drivers.at(-1);
  if (newest === undefined || driver === undefined || !ended.has(driver) || driver.lostStore) {
    return;
  }
  const isReleased = universe.store.has(newest.replace('.json', '.released'));
  if (!isReleased && Number(/(\d+)\.json$/.exec(newest)?.[1]) === driver.lease) {
    universe.invariants.violate('lock-given-back', `${driver.name} ended and holds ${newest}`);
  }
}
