import { InvalidArgumentError, type Command } from 'commander';
import * as api from '../index';
import { removeRehearsal } from '../rehearsal/rehearse';
import { SCENARIOS } from '../rehearsal/scenarios/scenario';
import { durationOrZero, print, runOptions, wholeNumber, withRun, withTarget, type RunFlags } from './flags';
import { checkLines } from './lines';
import { runToEnd } from './run';

interface RecoverFlags extends RunFlags {
  readonly recoveryPoint: string;
  readonly lostAt?: Date;
}

interface DrillFlags extends RecoverFlags {
  readonly scenario?: (typeof SCENARIOS)[number];
  readonly resources?: number;
  readonly seed?: number;
  readonly keep?: true;
  readonly remove?: string;
}

interface MoveFlags extends RunFlags {
  readonly commitAfter?: number;
}

/** Commands that are runs, with a journal and a report. */
export function addRunCommands(program: Command, exit: (code: number) => void): void {
  withTarget(withRun(program.command('recover <environment>')))
    .description('recover an environment at its recovery site and move traffic there')
    .action(async (environment: string, flags: RecoverFlags) => {
      exit(await runToEnd((signal) => api.recover(recoverOptions(environment, flags, signal)), flags));
    });

  withTarget(withRun(program.command('drill [environment]')))
    .description(
      'with an environment and no --scenario: recover it without taking its traffic; else: bring up an environment of its own here, fill it, break it, recover it, remove it'
    )
    .option('--scenario <name>', `what happens to it: ${SCENARIOS.join(', ')} (default site-loss)`, scenarioOf)
    .option('--resources <n>', 'FHIR resources to fill it with (default 20000)', wholeNumber)
    .option('--seed <n>', 'seed of the generated resources (default 1)', wholeNumber)
    .option('--keep', 'leave everything standing in the end')
    .option('--remove <folder>', 'remove what a kept or killed drill left in its folder')
    .action(async (environment: string | undefined, flags: DrillFlags) => {
      if (flags.remove !== undefined) {
        const check = await removeRehearsal(flags.remove);
        print(flags, check, () => checkLines([check]));
        exit(check.status === 'passed' ? 0 : 1);
      } else if (environment !== undefined && flags.scenario === undefined) {
        const keep = flags.keep ?? false;
        exit(await runToEnd((signal) => api.drill({ ...recoverOptions(environment, flags, signal), keep }), flags));
      } else {
        exit(await runToEnd((signal) => api.rehearse(rehearsalOptions(environment, flags, signal)), flags));
      }
    });

  withMove(program.command('switchover <environment>'))
    .description('move a living environment to its recovery site by plan, without losing a write')
    .action(async (environment: string, flags: MoveFlags) => {
      exit(await runToEnd((signal) => api.switchover(moveOptions(environment, flags, signal)), flags));
    });

  withMove(program.command('failback <environment>'))
    .description('return to the site where the environment stood at first, by plan, without losing a write')
    .action(async (environment: string, flags: MoveFlags) => {
      exit(await runToEnd((signal) => api.failback(moveOptions(environment, flags, signal)), flags));
    });

  withRun(program.command('resume <id>'))
    .description('go on with a run that failed, was cancelled or was killed')
    .option('--keep', 'of a drill: leave its copy standing in the end')
    .action(async (id: string, flags: RunFlags & { readonly keep?: true }) => {
      const keep = flags.keep ?? false;
      exit(await runToEnd((signal) => api.resume({ id, ...runOptions(flags, signal), keep }), flags));
    });
}

function withMove(command: Command): Command {
  return withRun(command).option(
    '--commit-after <duration>',
    'how long the move can be rolled back; 0: not at all (default: the config’s)',
    durationOrZero
  );
}

function recoverOptions(environment: string, flags: RecoverFlags, signal: AbortSignal): api.RecoverOptions {
  return {
    environment,
    ...runOptions(flags, signal),
    recoveryPoint: flags.recoveryPoint,
    ...(flags.lostAt === undefined ? {} : { lostAt: flags.lostAt }),
  };
}

function moveOptions(environment: string, flags: MoveFlags, signal: AbortSignal): api.MoveOptions {
  return {
    environment,
    ...runOptions(flags, signal),
    ...(flags.commitAfter === undefined ? {} : { commitAfterSeconds: flags.commitAfter }),
  };
}

function rehearsalOptions(
  environment: string | undefined,
  flags: DrillFlags,
  signal: AbortSignal
): api.RehearsalOptions {
  const { project, scenario, resources, seed, keep, reports } = flags;
  return {
    projectDirectory: project,
    signal,
    keep: keep ?? false,
    ...(environment === undefined ? {} : { environment }),
    ...(scenario === undefined ? {} : { scenario }),
    ...(resources === undefined ? {} : { resources }),
    ...(seed === undefined ? {} : { seed }),
    ...(reports === undefined ? {} : { reportsDirectory: reports }),
  };
}

function scenarioOf(text: string): (typeof SCENARIOS)[number] {
  const found = SCENARIOS.find((scenario) => scenario === text);
  if (found === undefined) {
    throw new InvalidArgumentError(`Choose one of ${SCENARIOS.join(', ')}.`);
  }
  return found;
}
