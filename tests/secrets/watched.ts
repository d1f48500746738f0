import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { medplumDr, type Command, type Ended } from '../drill/command-line';
import type { SeenProcess } from '../drill/seen-processes';
import { secretsOf } from '../drill/places';
import { OPERATOR_VARIABLES, strayIn } from './exceptions';
import { filesBelow, findingsIn, SecretSearch, type Secret } from './search';

/** The secrets themselves: the engine's passphrase and the key of the sealed stores. */
const KEYS = /(^|\/)outside\/keys\//;
/** A database, its base backups and its log: Medplum keeps its clients' secrets in its tables. */
const DATABASES = /(^|\/)(database|base|wal)\//;

/** Secrets of an environment: those that its site keeps, but for the ids among them, and the engine's passphrase. */
export async function environmentSecrets(workspace: RehearsalWorkspace, live: string): Promise<Secret[]> {
  const stored = [...(await secretsOf(workspace, live))].filter(([name]) => !name.endsWith('Id'));
  const passphrase = await readFile(workspace.engineEnvironment['PULUMI_CONFIG_PASSPHRASE_FILE'] ?? '', 'utf8');
  return [...stored.map(([name, value]) => ({ name, value })), { name: 'passphrase', value: passphrase }];
}

/** Commands run under watch, with the operator's secrets in their environment; all that they show and leave. */
export class Watched {
  readonly #folder: string;
  readonly #outputs: string[] = [];
  readonly #commandLines = new Set<string>();
  readonly #found = new Set<string>();
  readonly #versions = new Map<string, string>();
  readonly processes: SeenProcess[] = [];

  /** @param folder of the test, with all that it makes. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Variables of the commands: also what they leave in the folder for temporary files is looked at. */
  async environment(): Promise<Record<string, string>> {
    const temporary = path.join(this.#folder, 'temporary');
    await mkdir(temporary, { recursive: true, mode: 0o777 });
    return { ...OPERATOR_VARIABLES, TMPDIR: temporary };
  }

  async run(
    args: readonly string[],
    options: { folder: string; environment?: Readonly<Record<string, string>> }
  ): Promise<Ended> {
    const environment = { ...options.environment, ...(await this.environment()) };
    const ended = await medplumDr(args, { ...options, environment });
    this.take(ended);
    return ended;
  }

  take(ended: Awaited<ReturnType<Command['end']>>): void {
    this.#outputs.push(ended.stdout, ended.stderr);
    ended.commandLines.forEach((line) => this.#commandLines.add(line));
    this.processes.push(...ended.processes);
  }

  /** Looks into every file that there is now: many are gone by the next command. One that did not change is known. */
  async searchFiles(search: SecretSearch): Promise<void> {
    const files = await filesBelow(this.#folder, (file) => !KEYS.test(file) && !DATABASES.test(file));
    const changed: string[] = [];
    for (const file of files) {
      const state = await stat(path.join(this.#folder, file)).catch(() => null);
      const version = state === null ? '' : `${state.ino} ${state.mtimeMs} ${state.size}`;
      if (this.#versions.get(file) !== version) {
        this.#versions.set(file, version);
        changed.push(file);
      }
    }
    // A name may tell as much as what is in the file.
    const look = (content: Buffer, file: string): string[] => [...search.in(content), ...search.in(file)];
    (await findingsIn(this.#folder, changed, look)).forEach((finding) => this.#found.add(finding));
  }

  /** Files that were looked into, after whichever command. */
  get files(): string[] {
    return [...this.#versions.keys()];
  }

  get found(): string[] {
    return [...this.#found];
  }

  /** Databases and their copies, for what is no business of Medplum's tables. */
  async inDatabases(secrets: readonly Secret[]): Promise<{ found: string[]; files: string[] }> {
    const search = new SecretSearch(secrets);
    const files = await filesBelow(this.#folder, (file) => DATABASES.test(file));
    return { files, found: await findingsIn(this.#folder, files, (content) => search.plainlyIn(content)) };
  }

  inOutputs(search: SecretSearch): string[] {
    return this.#outputs.flatMap((text) => search.in(text));
  }

  inArguments(search: SecretSearch): string[] {
    return [...this.#commandLines].flatMap((line) => {
      const names = search.in(line);
      return names.length === 0 ? [] : [`${line.replaceAll('\0', ' ').slice(0, 80)}…: ${names.join(', ')}`];
    });
  }

  inEnvironments(search: SecretSearch): string[] {
    return [...new Set(strayIn(this.processes, search))];
  }

  sawRunning(program: RegExp): boolean {
    return [...this.#commandLines].some((line) => program.test(line));
  }
}
