import { access, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { until } from '../../components/local/process/daemon';
import type { Check } from '../verification/check';
import { judged } from '../verification/check';
import { killProcessesOf, processesNaming } from './destroy-site';
import type { RehearsalWorkspace } from './workspace';

const named = { id: 'drill-removed', title: 'Everything that the drill made is gone' };

/** Ends all processes of a rehearsal and removes its folder, and looks whether both are gone. */
export async function cleanUp(workspace: Pick<RehearsalWorkspace, 'directory'>): Promise<Check> {
  const { directory } = workspace;
  await killProcessesOf(`${directory}/site-a`);
  await killProcessesOf(`${directory}/site-b`);
  await killProcessesOf(`${directory}/outside`);
  await until(async () => (await processesNaming(directory)).length === 0, 10_000);
  await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  await removeEmptyParent(directory);
  const remaining = await processesNaming(directory);
  const folderGone = await access(directory).then(
    () => false,
    () => true
  );
  const left = [...remaining, ...(folderGone ? [] : [directory])];
  return judged(
    named,
    left.length === 0,
    left.length === 0 ? `no process names ${directory}, and the folder is removed` : left.join('; ')
  );
}

/** `.medplum-dr` was made for the first drill, and stays as long as there is anything else in it. */
async function removeEmptyParent(directory: string): Promise<void> {
  const parent = path.dirname(directory);
  if (path.basename(parent) !== '.medplum-dr') {
    return;
  }
  try {
    await rmdir(parent);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') {
      throw error;
    }
  }
}
