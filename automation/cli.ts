#!/usr/bin/env node
import './engine/sdk-on-demand';
import { Command, CommanderError } from 'commander';
import { addCommands } from './commands';
import { reportFailure, reportUsage } from './commands/failure';
import { toolVersion } from './version';

/** The command line: a thin skin over the functions of `index.ts`. */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command('medplum-dr')
    .description('Disaster recovery for self-hosted Medplum')
    .version(toolVersion())
    .exitOverride()
    .showHelpAfterError()
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 fault of the program, 2 bad input, 3 preflight failed (nothing was made), 4 recovery failed' +
        '\n(go on with resume ID, or undo it with abort ID), 5 no Pulumi engine, 6 not implemented, 7 locked by another run, 130 cancelled.'
    );
  const outcome = { exitCode: 0 };
  addCommands(program, (exitCode) => {
    outcome.exitCode = exitCode;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return outcome.exitCode;
  } catch (error) {
    const json = args.includes('--json');
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : reportUsage(error.message, json);
    }
    return reportFailure(error, json);
  }
}

if (require.main === module) {
  for (const stream of [process.stdout, process.stderr]) {
    // Whoever reads may have read enough, as `head` does, or have gone; a recovery goes on all the same.
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') {
        throw error;
      }
    });
  }
  void main(process.argv.slice(2)).then((exitCode) => {
    process.exitCode = exitCode;
  });
}
