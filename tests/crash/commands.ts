import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { StepMoment } from '../../automation/recovery/run';
import type { RunMode, StepId } from '../../automation/recovery/results';

/** Folder and variables in which the operator of an environment works. */
export interface Place {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface Outcome {
  /** Null for a process that was killed. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where a driver is killed: at a moment of a step, or some time after it. */
export interface Kill {
  readonly step: StepId;
  readonly moment: StepMoment;
  readonly afterMilliseconds?: number;
}

const COMMAND = path.resolve('dist', 'automation', 'cli.js');
const DRIVER = path.resolve('tests', 'crash', 'driver.cjs');

/** Runs `medplum-dr` to its end, or kills it alone, not what it started, after some time. */
export function medplumDr(place: Place, args: readonly string[], killAfterMilliseconds?: number): Promise<Outcome> {
  return run(place, [COMMAND, ...args], killAfterMilliseconds);
}

/** What `driver.cjs` is told. */
interface DriverOrder extends Required<Kill> {
  readonly environment: string;
  readonly mode: RunMode;
  readonly id: string;
}

/** Runs a driver until it kills itself. What it told is lost with it, as in life; its journal is not. */
export async function killedDriver(place: Place, order: Omit<DriverOrder, keyof Kill>, kill: Kill): Promise<void> {
  const whole: DriverOrder = { afterMilliseconds: 0, ...kill, ...order };
  const { signal, stderr } = await run(place, [DRIVER, JSON.stringify(whole)]);
  expect(signal, `the driver was to be killed: ${stderr}`).to.equal('SIGKILL');
}

async function run(place: Place, args: readonly string[], killAfterMilliseconds?: number): Promise<Outcome> {
  const child = spawn(process.execPath, args, {
    cwd: place.folder,
    env: { ...process.env, ...place.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const timer =
    killAfterMilliseconds === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMilliseconds);
  // An engine that outlives it holds its streams open: of a killed one its exit is waited for, and not their end.
  const closed = once(child, 'close');
  const [exitCode, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  if (signal === null) {
    await closed;
  }
  return { exitCode, signal, stdout, stderr };
}
