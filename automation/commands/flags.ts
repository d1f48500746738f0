import { InvalidArgumentError, type Command } from 'commander';
import { durationOrZeroSchema, durationSchema } from '../../components/duration';
import type * as api from '../index';
import { instantOf } from '../recovery/target';

/** Of every command. */
export interface CommonFlags {
  readonly project: string;
  readonly json?: true;
}

/** Of every command that changes an environment. */
export interface ChangeFlags extends CommonFlags {
  readonly takeOver?: true;
}

/** Of every driver of a run. */
export interface RunFlags extends ChangeFlags {
  readonly acceptUnfencedPrimary?: true;
  readonly acceptCheck: readonly string[];
  readonly acceptRecord?: string;
  readonly stallAfter?: number;
  readonly reports?: string;
}

export function withCommon(command: Command): Command {
  return command
    .option('--project <folder>', 'folder of the Pulumi project', process.cwd())
    .option('--json', 'print one JSON document on standard output; progress goes to standard error');
}

export function withChange(command: Command): Command {
  return withCommon(command).option(
    '--take-over',
    'take the environment over from a driver that holds it; it cannot change anything any more'
  );
}

export function withRun(command: Command): Command {
  return withChange(command)
    .option('--accept-unfenced-primary', 'go on although the old primary still takes writes')
    .option(
      '--accept-check <id>',
      'go on although this check failed or could not be made; may be repeated',
      collect,
      []
    )
    .option('--accept-record <address>', 'replace this address, to which somebody else moved the name meanwhile')
    .option('--stall-after <duration>', 'a step without progress for so long fails (default: the config’s)', duration)
    .option('--reports <folder>', 'where the report goes (default: reports in the project)');
}

export function withTarget(command: Command): Command {
  return command
    .option('--recovery-point <which>', 'latest, the id of a point, or an ISO time with its zone', 'latest')
    .option('--lost-at <time>', 'when the environment was lost, if the monitoring does not know', instant);
}

export function common(flags: CommonFlags): Omit<api.EnvironmentOptions, 'environment'> {
  return { projectDirectory: flags.project, onProgress: (text) => process.stderr.write(`${text}\n`) };
}

export function changeOptions(flags: ChangeFlags): Omit<api.ChangeOptions, 'environment'> {
  return { ...common(flags), takeOver: flags.takeOver ?? false };
}

export function runOptions(flags: RunFlags, signal: AbortSignal): Omit<api.RunOptions, 'environment'> {
  return {
    ...changeOptions(flags),
    signal,
    acceptUnfencedPrimary: flags.acceptUnfencedPrimary ?? false,
    acceptChecks: flags.acceptCheck,
    ...(flags.acceptRecord === undefined ? {} : { acceptRecord: flags.acceptRecord }),
    ...(flags.stallAfter === undefined ? {} : { stallAfterSeconds: flags.stallAfter }),
    ...(flags.reports === undefined ? {} : { reportsDirectory: flags.reports }),
  };
}

export function print(flags: CommonFlags, value: unknown, lines: () => string[]): void {
  const text = flags.json === true ? JSON.stringify(value, null, 2) : lines().join('\n');
  process.stdout.write(`${text}\n`);
}

export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new InvalidArgumentError('It must be a whole number.');
  }
  return Number(text);
}

export function duration(text: string): number {
  return parsed(durationSchema.safeParse(text));
}

export function durationOrZero(text: string): number {
  return parsed(durationOrZeroSchema.safeParse(text));
}

function parsed(result: ReturnType<typeof durationOrZeroSchema.safeParse>): number {
  if (!result.success) {
    throw new InvalidArgumentError(`It ${result.error.issues[0]?.message ?? 'is not a duration'}.`);
  }
  return result.data;
}

function instant(text: string): Date {
  const at = instantOf(text);
  if (at === null) {
    throw new InvalidArgumentError('Write it with its time zone, like 2026-11-24T03:15:00Z.');
  }
  return at;
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}
