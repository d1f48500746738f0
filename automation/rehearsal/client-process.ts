import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ownProgram } from '../../components/package-root';
import { until } from '../../components/local/process/daemon';
import { analyseJournal, type JournalAnalysis } from './client/analyse';
import { CONFIG_VARIABLE, SECRET_VARIABLE, type RehearsalClientConfig } from './client/config';
import { readJournal } from './client/journal';

/** The client that keeps writing through a rehearsal, as a process of its own: nothing of the driver slows it. */
export class ClientProcess {
  readonly #child: ChildProcess;
  readonly #journal: string;

  constructor(config: RehearsalClientConfig, secret: string) {
    const [program = process.execPath, ...args] = ownProgram('automation', 'rehearsal', 'client', 'main.js');
    this.#journal = config.journal;
    // What it has seen can be asked before it has seen anything.
    writeFileSync(config.journal, '', { flag: 'a', mode: 0o600 });
    this.#child = spawn(program, args, {
      cwd: path.dirname(config.journal),
      env: { PATH: process.env['PATH'] ?? '', [CONFIG_VARIABLE]: JSON.stringify(config), [SECRET_VARIABLE]: secret },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** What it has seen so far. */
  seen(): JournalAnalysis {
    return analyseJournal(readJournal(this.#journal));
  }

  /** Waits until what it has seen satisfies the condition; false when it did not within the time. */
  async sees(condition: (seen: JournalAnalysis) => boolean, milliseconds: number): Promise<boolean> {
    return until(() => condition(this.seen()), milliseconds);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return;
    }
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await ended;
  }
}
