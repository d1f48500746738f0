import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { DEFAULT_RESOURCES } from '../automation/rehearsal/data/load';
import { newRunId } from '../automation/recovery/recover';
import { cleanUp } from '../automation/rehearsal/clean-up';
import { packageRoot } from '../components/package-root';
import { recoverByDriver } from './by-driver';
import { restoreByHand } from './by-hand';
import { loseEnvironment, type LostEnvironment, type Size } from './lost-environment';
import { handSeconds, resultOf, type BenchResult, type Round } from './results';
import { tableOf } from './table';

/*
 * The same lost environment recovered in turns: by hand, which is the floor, and by `medplum-dr recover`. Only their
 * ratio and difference within one run mean something; nothing is asserted here.
 */

const SIZES: readonly Size[] = [
  { name: 'small', resources: DEFAULT_RESOURCES, filled: null, rounds: 3 },
  { name: 'large', resources: DEFAULT_RESOURCES, filled: { databaseMegabytes: 3000, logMegabytes: 250 }, rounds: 2 },
  // 3 GB in the end, half of it written since the last base backup: replay is what the floor waits for.
  {
    name: 'large-log',
    resources: DEFAULT_RESOURCES,
    filled: { databaseMegabytes: 1500, logMegabytes: 2500 },
    rounds: 2,
  },
];

const run = promisify(execFile);

function note(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string' }, rounds: { type: 'string' } } });
  const sizes = SIZES.filter((size) => values.only === undefined || size.name === values.only);
  if (sizes.length === 0) {
    throw new Error(`--only takes one of ${SIZES.map((size) => size.name).join(', ')}`);
  }
  const results: BenchResult[] = [];
  for (const size of sizes) {
    results.push(await measure({ ...size, rounds: Number(values.rounds ?? size.rounds) }));
  }
  const folder = path.join(packageRoot(), 'bench', 'results');
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'latest.json'), `${JSON.stringify(results, null, 2)}\n`);
  process.stdout.write(`${results.flatMap(tableOf).join('\n')}\n`);
}

async function measure(size: Size): Promise<BenchResult> {
  const directory = path.join(packageRoot(), '.medplum-dr', `bench-${newRunId(new Date())}`);
  try {
    const environment = await loseEnvironment(directory, size, (text) => {
      note(`${size.name}: ${text}`);
    });
    const loadBefore = os.loadavg()[0] ?? 0;
    const rounds: Round[] = [];
    for (let index = 0; index < size.rounds; index += 1) {
      const round = await measureRound(environment, index % 2 === 0 ? 'hand' : 'driver');
      note(
        `${size.name}: round ${index + 1}: by hand ${handSeconds(round.hand).toFixed(2)} s, driver ${round.driver.seconds.toFixed(2)} s`
      );
      rounds.push(round);
    }
    return resultOf(size, environment, rounds, { cachesDropped: mayDropCaches(), loadBefore });
  } finally {
    await cleanUp({ directory });
  }
}

async function measureRound(environment: LostEnvironment, first: Round['first']): Promise<Round> {
  const hand = async (): Promise<Round['hand']> => {
    await startEqual(environment);
    return restoreByHand(environment);
  };
  const driver = async (): Promise<Round['driver']> => {
    await startEqual(environment);
    return recoverByDriver(environment);
  };
  if (first === 'hand') {
    const byHand = await hand();
    return { first, hand: byHand, driver: await driver() };
  }
  const byDriver = await driver();
  return { first, hand: await hand(), driver: byDriver };
}

/** Neither finds anything in memory that the other read, nor has to write what the other left. */
async function startEqual(environment: LostEnvironment): Promise<void> {
  await environment.putBack();
  await run('sync');
  if (mayDropCaches()) {
    await writeFile('/proc/sys/vm/drop_caches', '3');
  }
}

function mayDropCaches(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
