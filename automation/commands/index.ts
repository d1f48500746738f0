import type { Command } from 'commander';
import { addChangeCommands } from './change';
import { addLookCommands } from './look';
import { addRunCommands } from './recoveries';

/** All commands. `exit` takes the exit code of the one that ran. */
export function addCommands(program: Command, exit: (code: number) => void): void {
  addLookCommands(program, exit);
  addRunCommands(program, exit);
  addChangeCommands(program, exit);
}
