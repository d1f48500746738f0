import { InvalidArgumentError, type Command } from 'commander';
import * as api from '../index';
import { instantOf } from '../recovery/target';
import { SCENARIOS } from '../rehearsal/scenarios/scenario';
import { removeRehearsal } from '../rehearsal/rehearse';
import { runToEnd } from './run';
import { planLines, recoveryPointLines, statusLines } from './lines';

interface CommonFlags {
  readonly project: string;
  readonly json?: true;
}

interface RecoverFlags extends CommonFlags {
  readonly recoveryPoint: string;
  readonly lostAt?: Date;
  readonly acceptUnfencedPrimary?: true;
  readonly acceptCheck: readonly string[];
  readonly resume?: string;
  readonly reports?: string;
}

interface DrillFlags extends RecoverFlags {
  readonly scenario?: (typeof SCENARIOS)[number];
  readonly resources?: number;
  readonly seed?: number;
  readonly keep?: true;
  readonly remove?: string;
}

/** All commands. `exit` takes the exit code of the one that ran. */
export function addCommands(program: Command, exit: (code: number) => void): void {
  withCommon(program.command('plan <environment>'))
    .description('show what a recovery would do now, and what it would need; nothing is made')
    .option('--recovery-point <which>', 'latest, the id of a point, or an ISO time', 'latest')
    .action(async (environment: string, flags: RecoverFlags) => {
      const plan = await api.plan({ ...common(environment, flags), recoveryPoint: flags.recoveryPoint });
      print(flags, plan, () => planLines(plan));
      exit(plan.findings.some((finding) => finding.status === 'failed') ? api.EXIT_CODES['preflight-failed'] : 0);
    });

  withRecovery(withCommon(program.command('recover <environment>')))
    .description('recover an environment at its recovery site and move traffic there')
    .action(async (environment: string, flags: RecoverFlags) => {
      exit(await runToEnd((signal) => api.recover(recoverOptions(environment, flags, signal)), flags));
    });

  withRecovery(withCommon(program.command('drill [environment]')))
    .description(
      'with an environment and no --scenario: recover it without taking its traffic; else: bring up an environment of its own here, fill it, break it, recover it, remove it'
    )
    .option('--scenario <name>', `what happens to it: ${SCENARIOS.join(', ')} (default site-loss)`, scenarioOf)
    .option('--resources <n>', 'FHIR resources to fill it with (default 20000)', wholeNumber)
    .option('--seed <n>', 'seed of the generated resources (default 1)', wholeNumber)
    .option('--keep', 'leave everything standing in the end')
    .option('--remove <what>', 'remove what a kept or killed drill left: its folder; with an environment, its id')
    .action(async (environment: string | undefined, flags: DrillFlags) => {
      if (flags.remove !== undefined) {
        const check =
          environment === undefined
            ? await removeRehearsal(flags.remove)
            : await api.removeRun({ ...common(environment, flags), id: flags.remove });
        print(flags, check, () => [`${check.status}: ${check.evidence}`]);
        exit(check.status === 'passed' ? 0 : 1);
      } else if (environment !== undefined && flags.scenario === undefined) {
        const options = (signal: AbortSignal): api.DrillOptions => ({
          ...recoverOptions(environment, flags, signal),
          keep: flags.keep ?? false,
        });
        exit(await runToEnd((signal) => api.drill(options(signal)), flags));
      } else {
        exit(await runToEnd((signal) => api.rehearse(rehearsalOptions(environment, flags, signal)), flags));
      }
    });

  withCommon(program.command('status <environment>'))
    .description('show which site serves, how fresh the recovery points are, and which runs there were')
    .action(async (environment: string, flags: CommonFlags) => {
      const status = await api.status(common(environment, flags));
      print(flags, status, () => statusLines(status));
    });

  withCommon(program.command('recovery-points <environment>'))
    .description('list what can be recovered to')
    .action(async (environment: string, flags: CommonFlags) => {
      const found = await api.recoveryPoints(common(environment, flags));
      print(flags, found, () => recoveryPointLines(found));
    });

  withCommon(program.command('init <platform> <environment>'))
    .description('write the config of a new environment into a folder; platform: local')
    .action(async (platform: string, environment: string, flags: CommonFlags) => {
      if (platform !== 'local') {
        throw new api.OperatorError('not-implemented', `init ${platform} is not implemented yet.`, {
          hint: 'Implemented: medplum-dr init local <environment>.',
        });
      }
      const made = await api.init(common(environment, flags));
      print(flags, made, () => [
        ...made.files,
        `Bring it up: pulumi stack init ${environment} && pulumi up. What pulumi needs is in the config's first lines.`,
      ]);
    });

  program
    .command('engine')
    .description('get the Pulumi engine and its language host ready, and print the folders to put on PATH')
    .action(async () => {
      const folders = await api.prepareEngine((text) => process.stderr.write(`${text}\n`));
      process.stdout.write(`${folders.join(':')}\n`);
    });
}

function withCommon(command: Command): Command {
  return command
    .option('--project <folder>', 'folder of the Pulumi project', process.cwd())
    .option('--json', 'print one JSON document on standard output; progress goes to standard error');
}

function withRecovery(command: Command): Command {
  return command
    .option('--recovery-point <which>', 'latest, the id of a point, or an ISO time with its zone', 'latest')
    .option('--lost-at <time>', 'when the environment was lost, if the monitoring does not know', instant)
    .option('--accept-unfenced-primary', 'go on although the old primary still takes writes')
    .option(
      '--accept-check <id>',
      'go on although this check failed or could not be made; may be repeated',
      collect,
      []
    )
    .option('--resume <id>', 'go on with an earlier run')
    .option('--reports <folder>', 'where the report goes (default: reports in the project)');
}

function common(environment: string, flags: CommonFlags): api.EnvironmentOptions {
  return {
    environment,
    projectDirectory: flags.project,
    onProgress: (text) => process.stderr.write(`${text}\n`),
  };
}

function recoverOptions(environment: string, flags: RecoverFlags, signal: AbortSignal): api.RecoverOptions {
  return {
    ...common(environment, flags),
    recoveryPoint: flags.recoveryPoint,
    acceptUnfencedPrimary: flags.acceptUnfencedPrimary ?? false,
    acceptChecks: flags.acceptCheck,
    signal,
    ...(flags.lostAt === undefined ? {} : { lostAt: flags.lostAt }),
    ...(flags.resume === undefined ? {} : { resume: flags.resume }),
    ...(flags.reports === undefined ? {} : { reportsDirectory: flags.reports }),
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

function print(flags: CommonFlags, value: unknown, lines: () => string[]): void {
  const text = flags.json === true ? JSON.stringify(value, null, 2) : lines().join('\n');
  process.stdout.write(`${text}\n`);
}

function scenarioOf(text: string): (typeof SCENARIOS)[number] {
  const found = SCENARIOS.find((scenario) => scenario === text);
  if (found === undefined) {
    throw new InvalidArgumentError(`Choose one of ${SCENARIOS.join(', ')}.`);
  }
  return found;
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new InvalidArgumentError('It must be a whole number.');
  }
  return Number(text);
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
