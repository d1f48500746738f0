import type { Command } from 'commander';
import type { Emit } from '../events';
import * as api from '../index';
import { changeOptions, print, withChange, type ChangeFlags } from './flags';
import { checkLines } from './lines';

/** Commands that change an environment and are no runs. */
export function addChangeCommands(program: Command, exit: (code: number) => void): void {
  const exitBy = (checks: readonly api.Check[]): void => {
    exit(checks.every((check) => check.status === 'passed') ? 0 : api.EXIT_CODES['recovery-failed']);
  };

  withChange(program.command('abort <id>'))
    .description(
      'end a run before its cutover, or remove the copy of a drill: what it made is removed, a site that it stopped by plan serves again'
    )
    .option('--start-primary', 'of a recovery: start the primary again that it fenced')
    .action(async (id: string, flags: ChangeFlags & { readonly startPrimary?: true }) => {
      const startPrimary = flags.startPrimary ?? false;
      const checks = await api.abort({ id, ...changeOptions(flags), onEvent: told, startPrimary });
      print(flags, checks, () => checkLines(checks));
      exitBy(checks);
    });

  withChange(program.command('rollback <id>'))
    .description('go back after a planned move, within its window')
    .option('--accept-lost-writes', 'go back although writes made on the new site are lost by it')
    .action(async (id: string, flags: ChangeFlags & { readonly acceptLostWrites?: true }) => {
      const acceptLostWrites = flags.acceptLostWrites ?? false;
      const checks = await api.rollback({ id, ...changeOptions(flags), onEvent: told, acceptLostWrites });
      print(flags, checks, () => checkLines(checks));
      // A loss that was accepted by name is told, and is no failure of the command.
      exitBy(checks.filter((check) => !(acceptLostWrites && check.id === 'writes-kept')));
    });

  withChange(program.command('protect <environment>'))
    .description('protect a recovered environment: ship its data to the site where it stood before')
    .action(async (environment: string, flags: ChangeFlags) => {
      const protection = await api.protect({ environment, ...changeOptions(flags), onEvent: told });
      print(flags, protection, () => [
        `Protected at ${protection.site} since ${protection.since}, proven by ${protection.recoveryPoint}`,
      ]);
    });

  withChange(program.command('remove-site <environment> <stack>'))
    .description('remove the site of a stack that no longer serves, with its data and copies; status lists them')
    .action(async (environment: string, stack: string, flags: ChangeFlags) => {
      const check = await api.removeSite({ environment, stack, ...changeOptions(flags), onEvent: told });
      print(flags, check, () => checkLines([check]));
      exitBy([check]);
    });
}

/** Progress of what is no run, in plain lines. */
const told: Emit = (event) => {
  if (event.kind === 'activity-progress') {
    process.stderr.write(`Waiting for ${event.text}\n`);
  } else if (event.kind === 'activity' || event.kind === 'note') {
    process.stderr.write(`${event.text}\n`);
  } else if (event.kind === 'warning') {
    process.stderr.write(`Warning: ${event.text}\n`);
  }
};
