import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { ifThere } from '../if-there';

const AT_ONCE = 32;

/** Bytes of the files below a folder, links not followed; null when there is none. Files that vanish meanwhile are no matter. */
export async function folderSize(folder: string): Promise<number | null> {
  const entries = await ifThere(readdir(folder, { recursive: true, withFileTypes: true }));
  if (entries === null) {
    return null;
  }
  const files = entries.filter((entry) => entry.isFile());
  let bytes = 0;
  const worker = async (): Promise<void> => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      const found = await ifThere(lstat(path.join(file.parentPath, file.name)));
      bytes += found?.size ?? 0;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return bytes;
}
