import { protectEnvironment } from '../automation/recovery/protect';
import { rollBack } from '../automation/recovery/rollback';
import { OperatorError } from '../components/errors';
import { judgeEnd, judgeLock } from './end-state';
import { headerOf, Operator, type Outcome, type RunEnd } from './operator';
import type { Simulation } from './simulation';
import { scheduleTroubles } from './troubles';

/** What happens in a simulation, by its seed: a run of some kind, troubles, and what may follow. */
export async function tellStory(simulation: Simulation): Promise<void> {
  const { universe } = simulation;
  const { random } = universe;
  await simulation.sleep(random.between(5, 40));
  while (universe.replicas.size === 0) {
    await simulation.sleep(1);
  }
  const tale = random.pick(['recovery', 'recovery', 'drill', 'switchover', 'switchover', 'there and back'] as const);
  simulation.note(tale);
  universe.isDrill = tale === 'drill';
  switch (tale) {
    case 'recovery':
      await loseSite(simulation);
      return;
    case 'drill':
      scheduleTroubles(simulation);
      await carried(simulation, new Operator(simulation), 'drill');
      return;
    case 'switchover':
      scheduleTroubles(simulation);
      await move(simulation);
      return;
    case 'there and back':
      await thereAndBack(simulation);
      return;
  }
}

async function carried(
  simulation: Simulation,
  operator: Operator,
  mode: 'recovery' | 'drill' | 'switchover' | 'failback'
): Promise<RunEnd> {
  const end = await operator.carry(mode);
  await settle(simulation);
  simulation.note(`${mode} ${end.kind}`);
  judgeEnd(simulation, end);
  judgeLock(simulation);
  return end;
}

/** Lets drivers that were given up come to their end, and whatever they have under way. */
async function settle(simulation: Simulation): Promise<void> {
  simulation.stopFaults();
  await simulation.sleep(simulation.drivers.length > 1 ? 400 : 5);
}

async function loseSite(simulation: Simulation): Promise<void> {
  const { universe } = simulation;
  const { random } = universe;
  const loss = random.pick(['destroyed', 'down', 'cut', 'sound'] as const);
  simulation.note(`site-a is ${loss}`);
  universe.setPlace('site-a', loss);
  const comesBack = loss === 'down' || loss === 'cut';
  if (comesBack && random.chance(0.5)) {
    void simulation.sleep(random.between(1, 200)).then(() => {
      universe.setPlace('site-a', 'sound');
    });
  }
  scheduleTroubles(simulation);
  const rival = random.chance(0.1) ? new Operator(simulation) : null;
  const operator = new Operator(simulation);
  if (rival !== null) {
    simulation.note('two operators at once');
    const ends = await Promise.all([operator.carry('recovery'), rival.carry('recovery')]);
    await settle(simulation);
    const [last] = ends.filter((end) => end.kind === 'recovered');
    judgeEnd(simulation, last ?? ends[0]);
    return;
  }
  const end = await carried(simulation, operator, 'recovery');
  if (end.kind === 'recovered' && loss !== 'destroyed' && random.chance(0.4)) {
    await comeBack(simulation, operator);
  }
}

/** After a recovery: the other direction is protected, and the environment returns. */
async function comeBack(simulation: Simulation, operator: Operator): Promise<void> {
  simulation.note('protect, failback');
  for (let attempt = 1; attempt <= 5; attempt++) {
    const outcome = await operator.command((world, takeOver) =>
      protectEnvironment({
        ...{ world, environmentName: simulation.environment, takeOver },
        ...{ signal: new AbortController().signal, emit: () => undefined },
      })
    );
    if (outcome.kind === 'ended') {
      await carried(simulation, operator, 'failback');
      return;
    }
  }
  simulation.universe.invariants.violate('same-end', 'the environment is not protected after 5 attempts');
}

async function move(simulation: Simulation): Promise<void> {
  const { universe } = simulation;
  const operator = new Operator(simulation);
  const end = await operator.carry('switchover');
  if (end.kind === 'recovered' && universe.random.chance(0.4)) {
    await goBack(simulation, operator, end);
    return;
  }
  await settle(simulation);
  simulation.note(`switchover ${end.kind}`);
  judgeEnd(simulation, end);
  judgeLock(simulation);
}

async function thereAndBack(simulation: Simulation): Promise<void> {
  const operator = new Operator(simulation);
  const end = await carried(simulation, operator, 'switchover');
  if (end.kind === 'recovered') {
    await carried(simulation, operator, 'failback');
  }
}

/** A rollback within its window, until it is done or refused for good. */
async function goBack(simulation: Simulation, operator: Operator, end: RunEnd): Promise<void> {
  const { universe } = simulation;
  const { invariants, random } = universe;
  await simulation.sleep(random.chance(0.5) ? 0 : random.between(1, 100));
  simulation.note('rollback');
  for (let attempt = 1; attempt <= 12; attempt++) {
    if (attempt > 4) {
      simulation.stopFaults();
    }
    const acceptLostWrites = invariants.accepted.lostWrites;
    const outcome: Outcome<unknown> = await operator.command((world, takeOver) =>
      rollBack({
        ...{ world, id: end.id, environmentName: simulation.environment, takeOver, acceptLostWrites },
        emit: () => undefined,
      })
    );
    if (outcome.kind === 'ended') {
      await settle(simulation);
      judgeEnd(simulation, { kind: 'rolled-back', id: end.id });
      return;
    }
    operator.setRecordBack();
    const error = outcome.kind === 'failed' ? outcome.error : null;
    if (
      error instanceof OperatorError &&
      /write\(s\) were made|nobody counted/.test(error.message) &&
      random.chance(0.5)
    ) {
      invariants.accepted.lostWrites = true;
    } else if (error instanceof OperatorError && error.kind === 'bad-input') {
      await settle(simulation);
      const isBack = universe.record?.stack === headerOf(simulation, end.id)?.servingStack;
      judgeEnd(simulation, isBack ? { kind: 'rolled-back', id: end.id } : end);
      return;
    }
  }
  invariants.violate('same-end', `the rollback of ${end.id} is not over after 12 attempts`);
}
