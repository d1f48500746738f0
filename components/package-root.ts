import { existsSync } from 'node:fs';
import path from 'node:path';

/** Folder of this package, whether it runs from its sources or from `dist/`. */
export function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(path.join(folder, 'package.json'))) {
    const parent = path.dirname(folder);
    if (parent === folder) {
      throw new Error(`no package.json above ${__dirname}`);
    }
    folder = parent;
  }
  return folder;
}

/** The command that runs one of this package's own compiled programs. */
export function ownProgram(...segments: string[]): string[] {
  return [process.execPath, path.join(packageRoot(), 'dist', ...segments)];
}
