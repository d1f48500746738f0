import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { REHEARSAL_ENVIRONMENT } from '../automation/rehearsal/workspace';
import { recoveryReportSchema, type RecoveryReport } from '../automation/report/schema';
import { ownProgram } from '../components/package-root';
import { stopwatch } from './stopwatch';
import type { LostEnvironment } from './lost-environment';

export interface DriverTimes {
  /** From the start of the command to its end. */
  readonly seconds: number;
  /** Each step's seconds, and those outside every step: the start of the program, the engine, the report. */
  readonly steps: Readonly<Record<string, number>>;
  readonly report: RecoveryReport;
}

/** The same recovery as an operator asks for it: the whole `medplum-dr recover` command, every check included. */
export async function recoverByDriver({ workspace }: LostEnvironment): Promise<DriverTimes> {
  const [node = '', ...program] = ownProgram('automation', 'cli.js');
  const args = ['recover', REHEARSAL_ENVIRONMENT, '--project', workspace.project.directory, '--json'];
  const seconds = stopwatch();
  const child = spawn(node, [...program, ...args], {
    env: { ...process.env, ...workspace.engineEnvironment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, output, progress] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  const total = seconds();
  if (code !== 0) {
    throw new Error(`medplum-dr recover ended with code ${String(code)}:\n${progress.slice(-4000)}`);
  }
  const report = recoveryReportSchema.parse(JSON.parse(output));
  const steps = Object.fromEntries(report.steps.map((step) => [step.id, between(step.startedAt, step.endedAt)]));
  const within = Object.values(steps).reduce((sum, each) => sum + each, 0);
  return { seconds: total, steps: { ...steps, 'outside the steps': total - within }, report };
}

function between(from: string | null, to: string | null): number {
  return from === null || to === null ? 0 : (Date.parse(to) - Date.parse(from)) / 1000;
}
