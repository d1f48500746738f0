import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { removeRehearsal } from '../../automation/rehearsal/rehearse';

/** A folder to run drills in. PostgreSQL, which runs as another user where this runs as root, must be able to enter. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-drill-'));
  await chmod(folder, 0o755);
  return folder;
}

/** Removes it, with the drills that a failed test may have left standing in it. */
export async function removeFolder(folder: string): Promise<void> {
  const drills = path.join(folder, '.medplum-dr');
  for (const name of await readdir(drills).catch(() => [])) {
    await removeRehearsal(path.join(drills, name));
  }
  await rm(folder, { recursive: true, force: true });
}
