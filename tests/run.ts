import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';

/*
 * Runs every suite, the unit tests also on the other Node versions that are supported, and ends with one line of
 * totals. A suite that could not tell its totals counts as a failure.
 */

const totalsSchema = z.object({ passed: z.int(), failed: z.int(), skipped: z.int() });
type Totals = z.infer<typeof totalsSchema>;

interface Suite {
  readonly name: string;
  readonly command: readonly string[];
}

/** Tests that need neither the engine nor a server: what differs between Node versions shows in these. */
const UNIT = [
  'tests/components/**/*.test.ts',
  'tests/automation/**/*.test.ts',
  'tests/init/local.test.ts',
  'tests/report/**/*.test.ts',
];
const MOCHA = path.join('node_modules', 'mocha', 'bin', 'mocha.js');
const UNIT_ARGUMENTS = [
  '--no-config',
  '--require',
  'tsx/cjs',
  '--require',
  'tests/support/setup.ts',
  '--timeout',
  '60000',
];

function onNode(major: number): Suite {
  const mocha = [MOCHA, ...UNIT_ARGUMENTS, ...UNIT];
  return {
    name: `unit tests on Node ${major}`,
    command: ['npx', '--yes', '--package', `node@${major}`, '--', 'node', ...mocha],
  };
}

const ownMajor = Number(process.versions.node.split('.')[0]);
const suites: readonly Suite[] = [
  { name: 'all tests', command: [process.execPath, MOCHA] },
  ...[20, 22, 24].filter((major) => major !== ownMajor).map(onNode),
];

function run(suite: Suite): Totals {
  console.log(`\n# ${suite.name}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'medplum-dr-totals-'));
  const file = path.join(folder, 'totals.json');
  const [program = '', ...args] = suite.command;
  const reporter = ['--reporter', path.resolve('tests/support/reporter.cjs')];
  const { status } = spawnSync(program, [...args, ...reporter], {
    stdio: 'inherit',
    env: { ...process.env, MEDPLUM_DR_TEST_TOTALS: file },
  });
  const totals = existsSync(file)
    ? totalsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
    : { passed: 0, failed: 0, skipped: 0 };
  rmSync(folder, { recursive: true });
  // Mocha may fail without a failed test: a file that does not compile, an unhandled rejection.
  return status !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
}

const all = suites.map(run);
const sum = (key: keyof Totals): number => all.reduce((total, totals) => total + totals[key], 0);
process.exitCode = sum('failed') === 0 ? 0 : 1;
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
