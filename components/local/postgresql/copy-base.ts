import { chown, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { STANDARD_FOLDERS } from './data-files';
import { diskFull } from './failures';
import { readFiles } from './file-pool';
import type { BasePlan } from './restore-plan';

/**
 * Copies a base backup into a data directory, proving every byte by the manifest in the same read.
 *
 * @returns what is wrong with the backup; none: the copy is good.
 * @throws OperatorError when the disk is full; the signal's reason.
 */
export async function copyBase(
  plan: BasePlan,
  dataDirectory: string,
  options: {
    readonly owner: { readonly uid: number; readonly gid: number } | undefined;
    readonly onBytes: (bytes: number) => void;
    readonly signal?: AbortSignal | undefined;
  }
): Promise<readonly string[]> {
  const { files } = plan.manifest;
  const { owner } = options;
  const folders = new Set([...STANDARD_FOLDERS, ...files.flatMap(({ path }) => ancestors(path))]);
  for (const folder of [...folders].sort()) {
    await mkdir(join(dataDirectory, folder), { mode: 0o700, recursive: true });
    await (owner ? chown(join(dataDirectory, folder), owner.uid, owner.gid) : undefined);
  }
  const expected = new Map(files.map((file) => [file.path, file.sha256]));
  const tasks = files.map(({ path, size }) => ({
    path,
    size,
    source: join(plan.directory, path),
    destination: join(dataDirectory, path),
    owner: owner ? { uid: owner.uid, gid: owner.gid } : null,
    live: false,
  }));
  const damaged = new DamagedBackup();
  try {
    await readFiles(tasks, {
      onBytes: options.onBytes,
      signal: options.signal,
      onOutcome: (outcome) => {
        if (outcome.state === 'failed' && outcome.code === 'ENOSPC') {
          throw diskFull(dataDirectory);
        }
        if (outcome.state !== 'read') {
          damaged.reasons.push(
            `${outcome.path} ${outcome.state === 'missing' ? 'is missing' : `cannot be copied: ${outcome.message}`}`
          );
          throw damaged;
        }
        if (outcome.sha256 !== expected.get(outcome.path)) {
          damaged.reasons.push(`${outcome.path} does not match its checksum`);
          throw damaged;
        }
      },
    });
    return [];
  } catch (error) {
    if (error === damaged) {
      return damaged.reasons;
    }
    throw error;
  }
}

/** Ends the copy of a backup at its first damage: the next one is tried without waiting for the rest. */
class DamagedBackup extends Error {
  readonly reasons: string[] = [];
}

function ancestors(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [...ancestors(folder), folder];
}
