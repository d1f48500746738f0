import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from './durable';
import { formatSettings, SETTINGS_FOLDER } from './settings';

/** Read after all other files of settings, so that it wins. */
const FENCE_FILE = `${SETTINGS_FOLDER}/95-fenced.conf`;
const FENCE_ACCESS_FILE = 'medplum-dr-fenced-hba.conf';
const NOBODY = 'local all all reject\nhost all all all reject\n';

/**
 * Closes a database to everyone from its next start on, whoever starts it: the server comes up and refuses every login.
 * A server that runs goes on as it is. Where there is no database there is nothing to close.
 */
export async function fenceDataDirectory(dataDirectory: string): Promise<void> {
  const folder = await settingsFolder(dataDirectory);
  if (folder === null) {
    return;
  }
  const accessFile = join(dataDirectory, FENCE_ACCESS_FILE);
  await writeWhole(accessFile, NOBODY, { owner: folder });
  await writeWhole(join(dataDirectory, FENCE_FILE), formatSettings({ hba_file: accessFile }), { owner: folder });
}

/** The next start is a plain one again. */
export async function unfenceDataDirectory(dataDirectory: string): Promise<void> {
  for (const name of [FENCE_FILE, FENCE_ACCESS_FILE]) {
    await rm(join(dataDirectory, name), { force: true });
  }
}

/** Owner of the folder of settings, which every server of this platform has; null when there is none. */
async function settingsFolder(dataDirectory: string): Promise<{ uid: number; gid: number } | null> {
  try {
    const { uid, gid } = await stat(join(dataDirectory, SETTINGS_FOLDER));
    return { uid, gid };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}
