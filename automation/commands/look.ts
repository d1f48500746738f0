import type { Command } from 'commander';
import * as api from '../index';
import { common, print, withCommon, type CommonFlags } from './flags';
import { initLines, initPlatform, type InitFlags } from './init';
import { planLines, recoveryPointLines, statusLines } from './lines';

/** Commands that only look, and those that make an environment's config and the engine ready. */
export function addLookCommands(program: Command, exit: (code: number) => void): void {
  withCommon(program.command('plan <environment>'))
    .description('show what a recovery would do now, and what it would need; nothing is made')
    .option('--recovery-point <which>', 'latest, the id of a point, or an ISO time', 'latest')
    .action(async (environment: string, flags: CommonFlags & { readonly recoveryPoint: string }) => {
      const plan = await api.plan({ environment, ...common(flags), recoveryPoint: flags.recoveryPoint });
      print(flags, plan, () => planLines(plan));
      exit(plan.findings.some((finding) => finding.status === 'failed') ? api.EXIT_CODES['preflight-failed'] : 0);
    });

  withCommon(program.command('status <environment>'))
    .description(
      'show which site serves, what protects it, what is left of others, how fresh the recovery points are, and which runs there were'
    )
    .action(async (environment: string, flags: CommonFlags) => {
      const status = await api.status({ environment, ...common(flags) });
      print(flags, status, () => statusLines(status));
    });

  withCommon(program.command('recovery-points <environment>'))
    .description('list what can be recovered to')
    .action(async (environment: string, flags: CommonFlags) => {
      const found = await api.recoveryPoints({ environment, ...common(flags) });
      print(flags, found, () => recoveryPointLines(found));
    });

  withCommon(program.command('init <platform> <environment>'))
    .description(
      'write the config of an environment into a folder; platform: local (an example), or aws (one that runs; only reads there)'
    )
    .option('--region <region>', 'aws: where the environment runs')
    .option('--config-path <path>', "aws: path of Medplum's own parameters, such as /medplum/prod/")
    .option('--recovery-region <region>', 'aws: where it is to be recovered')
    .action(async (platform: string, environment: string, flags: InitFlags) => {
      const made = await api.init({
        environment,
        projectDirectory: flags.project,
        platform: initPlatform(platform, flags),
      });
      print(flags, made, () => initLines(made));
    });

  program
    .command('engine')
    .description('get the Pulumi engine and its language host ready, and print the folders to put on PATH')
    .action(async () => {
      const folders = await api.prepareEngine((text) => process.stderr.write(`${text}\n`));
      process.stdout.write(`${folders.join(':')}\n`);
    });
}
