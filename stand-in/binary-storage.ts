import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Medplum's `file:` storage: `<folder>/{id}/{versionId}`, without the `binary/` that object stores have in front
 * (seen on Medplum 5.0.10).
 */
export class BinaryStorage {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Returns when the bytes are on disk under their final name; a file under that name is always whole. */
  async write(id: string, versionId: string, bytes: Buffer): Promise<void> {
    const folder = join(this.folder, id);
    await mkdir(folder, { recursive: true });
    const temporary = join(folder, `.${versionId}.${randomUUID()}`);
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, join(folder, versionId));
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folder);
  }

  /** @throws ENOENT when the row is there and the bytes are not. */
  read(id: string, versionId: string): Promise<Buffer> {
    return readFile(join(this.folder, id, versionId));
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
