import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../errors';
import { readFiles } from './file-pool';
import { type BackupManifest, readManifest } from './manifest';

export type Inspection =
  | { readonly state: 'healthy'; readonly manifest: BackupManifest; readonly sizeBytes: number }
  | { readonly state: 'damaged'; readonly reasons: readonly string[] };

/**
 * The cheap check of a base backup: its manifest is whole, and every file is there with its size. Files that the
 * manifest does not name are no damage, because a restore does not take them.
 */
export async function inspectBaseBackup(directory: string): Promise<Inspection> {
  let manifest: BackupManifest;
  try {
    manifest = await readManifest(directory);
  } catch (error) {
    return { state: 'damaged', reasons: [messageOf(error)] };
  }
  const reasons: string[] = [];
  if (!manifest.files.some(({ path }) => path === 'backup_label')) {
    reasons.push('backup_label is not in the manifest: the backup was never finished');
  }
  const queue = [...manifest.files];
  const check = async (): Promise<void> => {
    for (let file = queue.pop(); file; file = queue.pop()) {
      const found = await stat(join(directory, file.path)).catch((error: unknown) => messageOf(error));
      if (typeof found === 'string') {
        reasons.push(found.startsWith('ENOENT') ? `${file.path} is missing` : `${file.path} cannot be read: ${found}`);
      } else if (found.size !== file.size) {
        reasons.push(`${file.path} has ${found.size} bytes instead of ${file.size}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, check));
  if (reasons.length > 0) {
    return { state: 'damaged', reasons: reasons.sort() };
  }
  return { state: 'healthy', manifest, sizeBytes: manifest.files.reduce((sum, { size }) => sum + size, 0) };
}

/** The full check: every byte of the backup against the manifest's SHA-256. */
export async function verifyBaseBackup(
  directory: string,
  options: { parallelism?: number; onBytes?: (bytes: number) => void; signal?: AbortSignal } = {}
): Promise<Inspection> {
  const inspection = await inspectBaseBackup(directory);
  if (inspection.state === 'damaged') {
    return inspection;
  }
  const expected = new Map(inspection.manifest.files.map((file) => [file.path, file]));
  const reasons: string[] = [];
  const tasks = inspection.manifest.files.map(({ path, size }) => ({
    path,
    size,
    source: join(directory, path),
    destination: null,
    owner: null,
    live: false,
  }));
  await readFiles(tasks, {
    ...options,
    onOutcome: (outcome) => {
      if (outcome.state === 'missing') {
        reasons.push(`${outcome.path} is missing`);
      } else if (outcome.state === 'failed') {
        reasons.push(`${outcome.path} cannot be read: ${outcome.message}`);
      } else if (outcome.sha256 !== expected.get(outcome.path)?.sha256) {
        reasons.push(`${outcome.path} does not match its checksum`);
      }
    },
  });
  return reasons.length > 0 ? { state: 'damaged', reasons: reasons.sort() } : inspection;
}
