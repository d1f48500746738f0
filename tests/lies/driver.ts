import { execFileSync } from 'node:child_process';
import { findEngine } from '../../automation/engine';
import { openOwnProject } from '../../automation/stacks/project';
import { EngineSession } from '../../automation/stacks/session';
import { orderSchema } from './elsewhere';
import { recover, told } from './recover';

/* A driver in a process of its own, in the project of the current folder, with a command that is run at a moment of it. */

async function main(): Promise<void> {
  const { id, target, step, moment, command } = orderSchema.parse(JSON.parse(process.argv[2] ?? ''));
  const project = await openOwnProject(process.cwd());
  const session = new EngineSession(await findEngine({ onProgress: () => undefined }), project);
  const ran = await recover(
    { workspace: { project }, primary: { session } },
    {
      id,
      target,
      onMoment: (at, when) => {
        const [program = '', ...args] = command;
        if (at === step && when === moment) {
          execFileSync(program, args);
        }
      },
    }
  );
  process.stdout.write(JSON.stringify({ result: ran.result, told: told(ran) }));
}

void main();
