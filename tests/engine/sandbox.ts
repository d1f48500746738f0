import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** A machine in a folder: its own PATH, HOME and cache, on which nothing is installed but what a test puts there. */
export interface Sandbox {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly lines: string[];
  readonly onProgress: (line: string) => void;
  file(...segments: string[]): string;
  /** Puts an executable into `bin`, or into `<root>/bin`. */
  install(name: string, script: string, root?: string): Promise<string>;
  /** How often the fake `go` was run. */
  builds(): Promise<number>;
  remove(): Promise<void>;
}

export const fakePulumi = (version: string): string => `echo v${version}`;

/** Answers `go build ... -o <out> ...` with an executable that answers a version, once `before` has run. */
export function fakeGo(version: string, before = ''): string {
  return `
while [ "$1" != -o ]; do shift; done
echo build >> "$HOME/builds"
${before}
printf '#!/bin/sh\\necho v${version}\\n' > "$2"
chmod +x "$2"`;
}

export async function createSandbox(): Promise<Sandbox> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-engine-'));
  const file = (...segments: string[]): string => path.join(directory, ...segments);
  const lines: string[] = [];
  return {
    directory,
    environment: {
      // The system's folders are for the scripts' own commands.
      PATH: [file('bin'), '/usr/bin', '/bin'].join(path.delimiter),
      HOME: directory,
      MEDPLUM_DR_CACHE: file('cache'),
      MEDPLUM_DR_ENGINE_DOWNLOAD_TIMEOUT: '0s',
    },
    lines,
    onProgress: (line) => lines.push(line),
    file,
    install: async (name, script, root = directory) => {
      const executable = path.join(root, 'bin', name);
      await mkdir(path.dirname(executable), { recursive: true });
      await writeFile(executable, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      return executable;
    },
    builds: async () => (await readFile(file('builds'), 'utf8').catch(() => '')).split('\n').length - 1,
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
