import { spawn } from 'node:child_process';
import path from 'node:path';

/**
 * Runs the engine's own command for what the Automation API cannot do without showing secrets: its `exportStack` opens
 * them, and its `importStack` writes them to a file. `input` goes to standard input.
 * @returns its standard output. @throws with the last lines of its standard error.
 */
export function runEngineCommand(
  command: string,
  args: readonly string[],
  options: {
    readonly directory: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly input?: string;
  }
): Promise<string> {
  const { directory, environment, input = '' } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args, '--non-interactive'], {
      cwd: directory,
      env: {
        ...process.env,
        ...environment,
        PATH: `${path.dirname(command)}${path.delimiter}${process.env['PATH'] ?? ''}`,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    // It may end before it has read all; then its exit code tells.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) {
        resolve(Buffer.concat(output).toString());
        return;
      }
      const lines = Buffer.concat(errors).toString().trim().split('\n').slice(-5).join('\n');
      reject(new Error(`pulumi ${args.slice(0, 2).join(' ')} failed: ${lines}`));
    });
  });
}
