import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SeenProcesses, type SeenProcess } from './seen-processes';

const COMMAND = path.resolve('dist', 'automation', 'cli.js');

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Command lines of all processes of the machine that were seen meanwhile, each once. */
  readonly commandLines: ReadonlySet<string>;
  /** Processes that it started, and those that name its folder: also what others started there. */
  readonly processes: readonly SeenProcess[];
}

/** `medplum-dr` as a process in a group of its own. */
export class Command {
  readonly #child: ChildProcess;
  readonly #seen: SeenProcesses;
  readonly #ended: Promise<number | null>;
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[], options: { folder: string; environment?: Readonly<Record<string, string>> }) {
    this.#child = spawn(process.execPath, [COMMAND, ...args], {
      cwd: options.folder,
      env: { ...process.env, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => (this.#stdout += chunk.toString()));
    this.#child.stderr?.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()));
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null);
    this.#seen = new SeenProcesses(this.pid, options.folder);
    void this.#watch();
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get stderr(): string {
    return this.#stderr;
  }

  async end(): Promise<Ended> {
    const exitCode = await this.#ended;
    const { commandLines, own } = this.#seen;
    return { exitCode, stdout: this.#stdout, stderr: this.#stderr, commandLines, processes: [...own.values()] };
  }

  /** Asks it to stop, as Ctrl-C and a supervisor do. */
  async stop(): Promise<Ended> {
    this.#child.kill('SIGTERM');
    return this.end();
  }

  /** Holds it up, alone: the engine that it started goes on. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Lets it go on after a pause. */
  wake(): void {
    this.#child.kill('SIGCONT');
  }

  /** Kills it, and the engine and providers that are in its group or end with it. */
  async kill(): Promise<void> {
    const { pid } = this.#child;
    if (this.running && pid !== undefined) {
      process.kill(-pid, 'SIGKILL');
    }
    await this.#ended;
  }

  async #watch(): Promise<void> {
    while (this.running) {
      await this.#seen.look();
      await sleep(50);
    }
  }
}

/** Runs `medplum-dr` to its end. */
export function medplumDr(
  args: readonly string[],
  options: { folder: string; environment?: Readonly<Record<string, string>> }
): Promise<Ended> {
  return new Command(args, options).end();
}
