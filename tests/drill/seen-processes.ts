import { readdir, readFile, readlink } from 'node:fs/promises';

/** A program as it ran: what anybody may list of it, arguments and environment each with a NUL byte between. */
export interface SeenProcess {
  readonly commandLine: string;
  readonly environment: string;
}

/** What runs while a command does: command lines of the whole machine, environments of what belongs to the command. */
export class SeenProcesses {
  readonly #marks: readonly string[];
  readonly #family: Set<number>;
  readonly #looked = new Set<string>();
  readonly commandLines = new Set<string>();
  /** Those that descend from the command or name its folder, by their text. */
  readonly own = new Map<string, SeenProcess>();

  /** @param folder what runs in it, or names it in its arguments or environment, belongs to the command. */
  constructor(pid: number, folder: string) {
    this.#family = new Set([pid]);
    // The folder that a test made: sites and project lie side by side in it.
    this.#marks = [/^.*\/medplum-dr-drill-\w+/.exec(folder)?.[0] ?? folder];
  }

  async look(): Promise<void> {
    const entries = (await readdir('/proc').catch(() => [])).filter((entry) => /^\d+$/.test(entry));
    await Promise.all(
      entries.map(async (entry) => {
        // Processes end while they are read.
        await this.#read(Number(entry)).catch(() => undefined);
      })
    );
  }

  async #read(pid: number): Promise<void> {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    this.commandLines.add(commandLine);
    const looked = `${pid} ${commandLine}`;
    if (this.#looked.has(looked)) {
      return;
    }
    const [environment, stat, folder] = await Promise.all([
      readFile(`/proc/${pid}/environ`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readlink(`/proc/${pid}/cwd`),
    ]);
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')) !== commandLine) {
      // It became another program in between: the next look sees that one.
      return;
    }
    this.#looked.add(looked);
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    if (this.#family.has(parent)) {
      this.#family.add(pid);
    }
    const text = [folder, commandLine, environment].join('\n');
    if (this.#family.has(pid) || this.#marks.some((mark) => text.includes(mark))) {
      this.own.set(`${commandLine}\n${environment}`, { commandLine, environment });
    }
  }
}
