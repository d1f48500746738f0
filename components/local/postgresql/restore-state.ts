import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { RECOVERY_FILE } from './settings';

/** In the data directory while it is restored. */
export const RESTORE_MARKER = 'medplum-dr-restore-in-progress';

/** How far a restore into a data directory has come, by the files that it makes and removes. */
export async function restoreState(dataDirectory: string): Promise<'none' | 'copying' | 'replaying' | 'ended'> {
  if (await isThere(join(dataDirectory, RESTORE_MARKER))) {
    return (await isThere(join(dataDirectory, RECOVERY_FILE))) ? 'replaying' : 'copying';
  }
  return (await isThere(dataDirectory)) ? 'ended' : 'none';
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}
