import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { runProgram } from './process';

/** Makes the names in a folder survive a power cut (new, renamed and removed files). */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces a file whole: a reader sees the old or the new text, also after a power cut. */
export async function writeWhole(
  path: string,
  text: string,
  options: { mode?: number; owner?: { uid: number; gid: number } | undefined } = {}
): Promise<void> {
  const partial = `${path}.${process.pid}.tmp`;
  try {
    const handle = await open(partial, 'w', options.mode ?? 0o600);
    try {
      await handle.writeFile(text);
      if (options.owner) {
        await handle.chown(options.owner.uid, options.owner.gid);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Writes everything that the folder's file system holds in memory to its disk (syncfs), which is one call for any
 * number of files.
 *
 * @returns false where the system has no such call (macOS, or a `sync` without `-f`): nothing is then known to be safe.
 */
export async function syncFileSystem(folder: string): Promise<boolean> {
  if (process.platform !== 'linux') {
    return false;
  }
  const ran = await runProgram('sync', ['-f', folder]);
  return ran.code === 0;
}
