import { expect } from 'chai';
import { SeededRandom } from '../../automation/rehearsal/data/random';
import { STEPS_OF } from '../../automation/recovery/results';
import type { StepMoment } from '../../automation/recovery/run';
import type { Kill } from './commands';
import type { EndState } from './end-state';
import { SweepCase, workThrough } from './lanes';
import { lostEnvironment, type LostEnvironment } from './lost-environment';
import { LostSite } from './lost-site';
import { MovingEnvironment } from './planned-move';

/*
 * The driver killed by SIGKILL at every moment that leaves another world behind, and in the middle of things, with the
 * real engine, servers and processes; then gone on with by the command.
 */

const MOMENTS: readonly StepMoment[] = ['before-effect', 'after-effect', 'after-journal'];
const seed = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000);
const random = new SeededRandom(seed);
/** Cases to run, by a part of their name; all of them when it is not set. */
const only = process.env['CRASH_ONLY'] ?? '';

function inWords({ step, moment, afterMilliseconds }: Kill): string {
  return afterMilliseconds === undefined ? `${moment} of ${step}` : `${afterMilliseconds} ms into ${step}`;
}

/** Somewhere within a step. */
function within(step: Kill['step'], least: number, most: number): Kill {
  return { step, moment: 'before-effect', afterMilliseconds: random.integer(least, most) };
}

let undisturbed: Promise<EndState> | undefined;

function lostCase(name: string, run: (site: LostSite) => Promise<EndState | undefined>): SweepCase<LostEnvironment> {
  return new SweepCase(name, async (lost, id) => {
    // The first to come makes what all are compared with.
    undisturbed ??= new LostSite(lost, id).undisturbed();
    const expected = await undisturbed;
    const end = await run(new LostSite(lost, id));
    if (end !== undefined) {
      expect(end).to.deep.equal(expected);
    }
  });
}

function killedAndResumed(kill: Kill): SweepCase<LostEnvironment> {
  return lostCase(`a recovery killed ${inWords(kill)} comes to the same end`, (site) => site.killedAndResumed(kill));
}

function killedAndAborted(kill: Kill, killAbortAfter?: number): SweepCase<LostEnvironment> {
  const again =
    killAbortAfter === undefined ? 'is aborted' : `, its abort killed after ${killAbortAfter} ms, is aborted`;
  return lostCase(`a recovery killed ${inWords(kill)} ${again} and leaves nothing`, async (site) => {
    await site.killedAndAborted(kill, killAbortAfter);
    return undefined;
  });
}

const recoverySteps = STEPS_OF.recovery;
const beforeCutover = recoverySteps.filter((step) => step !== 'cutover');

const lostCases: readonly SweepCase<LostEnvironment>[] = [
  ...recoverySteps.flatMap((step) => MOMENTS.map((moment) => killedAndResumed({ step, moment }))),
  ...[1, 2].map(() => killedAndResumed(within('recovery-stack', 100, 2500))),
  ...[1, 2].map(() => killedAndResumed(within('cutover', 50, 1200))),
  ...beforeCutover.map((step, index) => killedAndAborted({ step, moment: MOMENTS[index % 3] ?? 'after-effect' })),
  killedAndAborted({ step: 'cutover', moment: 'before-effect' }),
  killedAndAborted(within('recovery-stack', 100, 2500)),
  ...[1, 2].map(() => killedAndAborted({ step: 'recovery-stack', moment: 'after-effect' }, random.integer(500, 2500))),
  lostCase('a recovery killed after-effect of cutover is not aborted, and goes on', (site) =>
    site.abortRefused({ step: 'cutover', moment: 'after-effect' })
  ),
];

function moved(kill: Kill): SweepCase<MovingEnvironment> {
  const name = `a planned move killed ${inWords(kill)} comes to its end without loss`;
  return new SweepCase(name, (moving, id) => moving.movedAndResumed(id, kill));
}

function moveAborted(kill: Kill, killAbortAfter?: number): SweepCase<MovingEnvironment> {
  const again =
    killAbortAfter === undefined ? 'is aborted' : `, its abort killed after ${killAbortAfter} ms, is aborted`;
  const name = `a planned move killed ${inWords(kill)} ${again}, and its site serves again`;
  return new SweepCase(name, (moving, id) => moving.killedAndAborted(id, kill, killAbortAfter));
}

function rolledBack(killAfter: number): SweepCase<MovingEnvironment> {
  const name = `a rollback killed after ${killAfter} ms is done when it is run again`;
  return new SweepCase(name, (moving, id) => moving.rolledBack(id, killAfter));
}

const plannedCases: readonly SweepCase<MovingEnvironment>[] = [
  ...MOMENTS.map((moment) => moved({ step: 'protect', moment })),
  ...MOMENTS.map((moment) => moved({ step: 'drain', moment })),
  ...MOMENTS.map((moment) => moved({ step: 'cutover', moment })),
  moved({ step: 'recovery-stack', moment: 'after-effect' }),
  moved(within('drain', 20, 700)),
  rolledBack(random.integer(500, 4000)),
  rolledBack(random.integer(500, 4000)),
  moveAborted({ step: 'drain', moment: 'after-effect' }),
  moveAborted({ step: 'recovery-stack', moment: 'after-journal' }),
  moveAborted({ step: 'cutover', moment: 'before-effect' }),
  moveAborted({ step: 'health', moment: 'after-effect' }, random.integer(500, 3000)),
];

const all = [...lostCases, ...plannedCases];
const isWanted = ({ name }: { readonly name: string }): boolean => name.includes(only);

describe('crash sweep', function () {
  this.timeout(900_000);
  let lanes: Promise<unknown>;

  before(() => {
    console.log(`    crash sweep: seed ${seed} (CRASH_SEED=${seed} kills at the same times)`);
    const idOf = (sweepCase: (typeof all)[number]): string =>
      `20260101-000000-${all.indexOf(sweepCase).toString(16).padStart(4, '0')}`;
    // Cases wait for each other's processes more than for the processor.
    const lost = lostCases.filter(isWanted);
    const planned = plannedCases.filter(isWanted);
    lanes = Promise.all([
      workThrough({ queue: planned, make: () => MovingEnvironment.make(), idOf }),
      workThrough({ queue: lost, make: lostEnvironment, idOf }),
      workThrough({ queue: lost, make: lostEnvironment, idOf }),
    ]);
  });
  after(() => lanes);

  for (const sweepCase of all.filter(isWanted)) {
    it(sweepCase.name, () => sweepCase.over);
  }

  it('has a case for every moment of every step', () => {
    const wanted = recoverySteps.length * MOMENTS.length;
    const resumed = lostCases.filter(({ name }) => MOMENTS.some((moment) => name.includes(`killed ${moment} of`)));
    expect(resumed.filter(({ name }) => name.includes('same end'))).to.have.length(wanted);
    console.log(`    crash sweep: ${all.filter(isWanted).length} cases`);
  });
});
