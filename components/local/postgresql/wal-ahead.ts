import { chown, constants, copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Below the data directory, so that a segment gets from here to its place by a rename. */
export const AHEAD_FOLDER = 'pg_wal_ahead';
const MOST_SEGMENTS = 64;

/**
 * PostgreSQL's `restore_command`: a segment that was fetched ahead is renamed into place, another is copied. A copy
 * that fails (a full disk) ends the recovery, because a plain failure would mean the end of the archive.
 */
export function restoreCommand(archive: string): string {
  const file = `'${archive.replaceAll("'", "'\\''").replaceAll('%', '%%')}/'%f`;
  return [
    `echo %f >${AHEAD_FOLDER}/requested`,
    `mv ${AHEAD_FOLDER}/%f %p 2>/dev/null && exit 0`,
    `test -f ${file} || exit 1`,
    `cp ${file} %p || exit 255`,
  ].join('; ');
}

/**
 * Copies the WAL that will be asked for, a bounded number of segments ahead of the replay. Segments are never linked:
 * PostgreSQL writes new WAL over old files.
 *
 * @returns a function that ends it. A failed copy ends it too: the restore command then copies for itself.
 */
export async function fetchAhead(options: {
  readonly archive: string;
  readonly segments: readonly string[];
  readonly dataDirectory: string;
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}): Promise<() => Promise<void>> {
  const { archive, segments, owner } = options;
  const folder = join(options.dataDirectory, AHEAD_FOLDER);
  await mkdir(folder, { mode: 0o700 });
  await (owner ? chown(folder, owner.uid, owner.gid) : undefined);
  let ended = false;
  const requested = async (): Promise<number> => {
    const name = await readFile(join(folder, 'requested'), 'utf8').catch(() => '');
    return segments.indexOf(name.trim());
  };
  const run = async (): Promise<void> => {
    for (const [index, name] of segments.entries()) {
      while (!ended && (await readdir(folder)).length > MOST_SEGMENTS) {
        await delay(10);
      }
      if (ended) {
        return;
      }
      if (index <= (await requested())) {
        continue;
      }
      const partial = join(folder, `${name}.partial`);
      await copyFile(join(archive, name), partial, constants.COPYFILE_FICLONE);
      await (owner ? chown(partial, owner.uid, owner.gid) : undefined);
      await rename(partial, join(folder, name));
      if (index <= (await requested())) {
        await rm(join(folder, name), { force: true });
      }
    }
  };
  const running = run().catch(() => undefined);
  return async () => {
    ended = true;
    await running;
  };
}
