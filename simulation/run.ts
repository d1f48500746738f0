import { Command, InvalidArgumentError } from 'commander';
import { INVARIANTS } from './sentences';
import { MUTATIONS, type Mutation } from './mutations';
import { simulate, type SimulationResult } from './simulation';

/*
 * `npm run simulate -- --runs N --seed S`: so many simulations from a seed on. Its last line is `N runs, N violations`.
 */

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly trace?: true;
  readonly mutation?: Mutation;
}

/** How many violations are told in full. */
const TOLD = 10;
const PROGRESS_EVERY_MS = 10_000;

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) {
    throw new InvalidArgumentError('It must be a whole number.');
  }
  return number;
}

function mutationNamed(text: string): Mutation {
  if (!Object.keys(MUTATIONS).includes(text)) {
    throw new InvalidArgumentError(`It must be one of ${Object.keys(MUTATIONS).join(', ')}.`);
  }
  return text as Mutation;
}

function tell({ seed, violations, story, lines }: SimulationResult): void {
  for (const { invariant, detail } of violations) {
    console.log(`\nseed ${seed}: ${invariant}\n  ${INVARIANTS[invariant]}\n  ${detail}`);
  }
  console.log(`  It was: ${story.join('; ')}. The end of its trace:`);
  for (const line of lines.slice(-30)) {
    console.log(`  ${line}`);
  }
  console.log(`  Replay: npm run simulate -- --runs 1 --seed ${seed} --trace`);
}

async function main(options: Options): Promise<number> {
  const { runs, seed: first, trace = false, mutation } = options;
  const began = performance.now();
  const counts = { violations: 0, told: 0, seconds: 0, drivers: 0 };
  let toldAt = began;
  for (let seed = first; seed < first + runs; seed++) {
    const result = await simulate({ seed, wholeTrace: trace, ...(mutation === undefined ? {} : { mutation }) });
    counts.seconds += result.seconds;
    counts.drivers += result.drivers;
    counts.violations += result.violations.length;
    if (trace) {
      console.log(result.lines.join('\n'));
      console.log(`hash of the trace: ${result.hash}`);
    }
    if (result.violations.length > 0 && counts.told < TOLD) {
      counts.told += 1;
      tell(result);
    }
    if (performance.now() - toldAt > PROGRESS_EVERY_MS) {
      toldAt = performance.now();
      console.log(`${seed - first + 1} of ${runs} runs, ${counts.violations} violations so far`);
    }
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `seeds ${first} to ${first + runs - 1}: ${counts.drivers} drivers, ${Math.round(counts.seconds / 3600)} h of virtual time in ${seconds.toFixed(1)} s`
  );
  console.log(`${runs} runs, ${counts.violations} violations`);
  return counts.violations === 0 ? 0 : 1;
}

new Command('simulate')
  .description('Simulates recoveries with seeded faults, and holds each against what must be so.')
  .option('--runs <number>', 'how many simulations', wholeNumber, 1000)
  .option('--seed <number>', 'seed of the first; the others follow it', wholeNumber, 1)
  .option('--trace', 'print all that happens')
  .option('--mutation <name>', 'put in a bug on purpose', mutationNamed)
  .action(async (options: Options) => {
    process.exitCode = await main(options);
  })
  .parse();
