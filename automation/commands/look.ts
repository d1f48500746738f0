import type { Command } from 'commander';
import * as api from '../index';
import { common, print, withCommon, type CommonFlags } from './flags';
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
    .description('write the config of a new environment into a folder; platform: local')
    .action(async (platform: string, environment: string, flags: CommonFlags) => {
      if (platform !== 'local') {
        throw new api.OperatorError('not-implemented', `init ${platform} is not implemented yet.`, {
          hint: 'Implemented: medplum-dr init local <environment>.',
        });
      }
      const made = await api.init({ environment, ...common(flags) });
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
