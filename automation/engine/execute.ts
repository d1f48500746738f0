import { type ExecFileException, execFile } from 'node:child_process';

export interface ExecuteOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly directory?: string;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutSeconds?: number;
}

/** Last lines of a tool's output that go into an error: Go and Pulumi say at the end what failed. */
const LINES_KEPT = 5;

/** Runs a command to its end, without a shell. Rejects with the last lines it wrote to standard error. */
export function execute(command: string, commandArguments: readonly string[], options: ExecuteOptions): Promise<void> {
  const { environment, directory, signal, timeoutSeconds = 0 } = options;
  return new Promise((resolve, reject) => {
    execFile(
      command,
      commandArguments,
      { env: environment, cwd: directory, signal, timeout: timeoutSeconds * 1000, maxBuffer: 64 * 1024 * 1024 },
      (error, _output, errorOutput) => {
        if (error === null) {
          resolve();
          return;
        }
        reject(new Error(reasonOf(command, error, errorOutput, timeoutSeconds), { cause: error }));
      }
    );
  });
}

function reasonOf(command: string, error: ExecFileException, errorOutput: string, timeoutSeconds: number): string {
  if (error.code === 'ENOENT') return `${command} is not on PATH`;
  if (error.killed === true && timeoutSeconds > 0) return `no answer within ${timeoutSeconds} s`;
  const lines = errorOutput.trim().split('\n').slice(-LINES_KEPT).join('; ');
  return lines === '' ? error.message : lines;
}
