import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { MUTATIONS, type Mutation } from '../../simulation/mutations';
import type { InvariantName } from '../../simulation/sentences';
import { simulate } from '../../simulation/simulation';

const run = promisify(execFile);

/** The invariant that each bug breaks, and within how many runs from seed 1 that shows. */
const CAUGHT: Readonly<Record<Mutation, { readonly by: InvariantName; readonly within: number }>> = {
  'cutover-before-verification': { by: 'traffic-after-verification', within: 50 },
  'cutover-without-fence': { by: 'fence-before-cutover', within: 100 },
  'no-fencing-check': { by: 'stale-driver-changes-nothing', within: 1000 },
  'no-compare-and-set': { by: 'foreign-change-kept', within: 300 },
  'rollback-ignores-writes': { by: 'planned-move-loses-nothing', within: 100 },
  'engine-forgets': { by: 'nothing-made-twice', within: 50 },
  'drain-ships-nothing': { by: 'journal-tells-the-truth', within: 50 },
  'trusts-green-health': { by: 'traffic-after-verification', within: 200 },
  'update-not-awaited': { by: 'journal-tells-the-truth', within: 50 },
  'drill-takes-traffic': { by: 'drill-leaves-production-alone', within: 50 },
  'lock-not-released': { by: 'lock-given-back', within: 50 },
};

/** Every run of the driver as it is, over so many seeds. */
const RUNS = 1500;

describe('simulation', () => {
  it(`finds nothing against the driver in ${RUNS} runs`, async () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const { violations } = await simulate({ seed });
      expect(violations, `seed ${seed}: npm run simulate -- --runs 1 --seed ${seed} --trace`).to.deep.equal([]);
    }
  }).timeout(180_000);

  for (const [mutation, text] of Object.entries(MUTATIONS) as [Mutation, string][]) {
    const { by, within } = CAUGHT[mutation];
    it(`finds within ${within} runs that ${text}, by ${by}`, async () => {
      const caught = new Set<InvariantName>();
      for (let seed = 1; seed <= within && !caught.has(by); seed++) {
        for (const { invariant } of (await simulate({ seed, mutation })).violations) {
          caught.add(invariant);
        }
      }
      expect([...caught]).to.include(by);
    }).timeout(120_000);
  }

  it('replays a seed exactly, and another seed otherwise', async () => {
    const [first, again, other] = [
      await simulate({ seed: 7 }),
      await simulate({ seed: 7 }),
      await simulate({ seed: 8 }),
    ];
    expect(again.hash).to.equal(first.hash);
    expect(again.lines).to.deep.equal(first.lines);
    expect(other.hash).not.to.equal(first.hash);
  });

  it('replays a seed in another process, and ends with the one line of totals', async () => {
    const { hash } = await simulate({ seed: 11 });
    const args = ['--import', 'tsx', 'simulation/run.ts', '--runs', '1', '--seed', '11', '--trace'];
    const { stdout } = await run(process.execPath, args);
    expect(stdout).to.include(`hash of the trace: ${hash}`);
    expect(stdout.trimEnd().split('\n').at(-1)).to.equal('1 runs, 0 violations');
  });

  it('tells of a violation by its seed, its sentence and how to replay it, and fails', async () => {
    const args = ['--import', 'tsx', 'simulation/run.ts', '--runs', '20', '--mutation', 'cutover-before-verification'];
    const failure = await run(process.execPath, args).then(
      () => null,
      (error: unknown) => error as { code: number; stdout: string }
    );
    expect(failure?.code).to.equal(1);
    expect(failure?.stdout).to.match(/seed \d+: traffic-after-verification\n {2}The name leads to a site only after/);
    expect(failure?.stdout).to.match(/Replay: npm run simulate -- --runs 1 --seed \d+ --trace/);
    expect(failure?.stdout.trimEnd().split('\n').at(-1)).to.match(/^20 runs, [1-9]\d* violations$/);
  });
});
