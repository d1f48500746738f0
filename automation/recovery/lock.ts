import { mkdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import lockfile from 'proper-lockfile';
import { OperatorError } from '../../components/errors';

export interface EnvironmentLock {
  /** Aborted when the lock is no longer this driver's: it was held up for so long that another could take it. */
  readonly lost: AbortSignal;
  readonly release: () => Promise<void>;
}

/**
 * Two drivers cannot run one environment's recovery at once. A lock whose holder died frees itself. Folders that only
 * the lock needed go with it.
 */
export async function lockEnvironment(name: string, directory: string): Promise<EnvironmentLock> {
  const lost = new AbortController();
  const made = await mkdir(directory, { recursive: true });
  try {
    const release = await lockfile.lock(directory, {
      lockfilePath: path.join(directory, `${name}.recovery.lock`),
      stale: 20_000,
      update: 5000,
      onCompromised: (cause) => {
        lost.abort(
          new OperatorError(
            'locked',
            `This driver lost its lock on environment "${name}": another may have taken it.`,
            {
              hint: 'Look with medplum-dr status what runs, before you go on with --resume.',
              cause,
            }
          )
        );
      },
    });
    return {
      lost: lost.signal,
      release: async () => {
        if (lost.signal.aborted) {
          return;
        }
        await release();
        if (made !== undefined) {
          await removeEmpty(directory, made);
        }
      },
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') {
      throw error;
    }
    throw new OperatorError('locked', `Another driver is recovering environment "${name}" now.`, {
      hint: 'Wait for it. If it was killed, its lock frees itself within 20 s: run the same command again.',
      cause: error,
    });
  }
}

/** Removes a folder and those above it up to `top`, as far as they are empty. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOENT') {
      return;
    }
    throw error;
  }
  if (folder !== top) {
    await removeEmpty(path.dirname(folder), top);
  }
}
