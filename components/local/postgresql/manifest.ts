import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../errors';
import { formatLsn, parseLsn } from './wal-segment';

/** One file of a base backup; `path` is relative to the backup. */
export interface ManifestFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  /** Milliseconds since 1970; the manifest keeps whole seconds. */
  readonly modified: number;
}

/** What PostgreSQL calls a backup manifest (its documentation, "Backup Manifest Format", version 1). */
export interface BackupManifest {
  readonly files: readonly ManifestFile[];
  readonly timeline: number;
  readonly startLsn: bigint;
  readonly stopLsn: bigint;
}

export const MANIFEST_NAME = 'backup_manifest';

const Manifest = z.object({
  'PostgreSQL-Backup-Manifest-Version': z.literal(1),
  Files: z.array(
    z.object({
      Path: z.string().refine(isInside, 'leads out of the backup'),
      Size: z.int().nonnegative(),
      'Last-Modified': z.string(),
      'Checksum-Algorithm': z.literal('SHA256'),
      Checksum: z.string().regex(/^[0-9a-f]{64}$/),
    })
  ),
  'WAL-Ranges': z.tuple([z.object({ Timeline: z.int().positive(), 'Start-LSN': z.string(), 'End-LSN': z.string() })]),
});

/** The manifest's text, ended by its own checksum, as `pg_verifybackup` reads it. */
export function formatManifest(manifest: BackupManifest): string {
  const files = manifest.files.map((file) =>
    JSON.stringify({
      Path: file.path,
      Size: file.size,
      'Last-Modified': new Date(file.modified)
        .toISOString()
        .replace('T', ' ')
        .replace(/\.\d+Z$/, ' GMT'),
      'Checksum-Algorithm': 'SHA256',
      Checksum: file.sha256,
    })
  );
  const range = {
    Timeline: manifest.timeline,
    'Start-LSN': formatLsn(manifest.startLsn),
    'End-LSN': formatLsn(manifest.stopLsn),
  };
  const body =
    `{ "PostgreSQL-Backup-Manifest-Version": 1,\n"Files": [\n${files.join(',\n')}\n],\n` +
    `"WAL-Ranges": [\n${JSON.stringify(range)}\n],\n`;
  return `${body}"Manifest-Checksum": "${sha256(body)}"}\n`;
}

/**
 * Reads a backup's manifest and proves it by its own checksum.
 *
 * @throws Error with a one-line reason when it is missing, changed, or not of this format.
 */
export async function readManifest(directory: string): Promise<BackupManifest> {
  const text = await readFile(join(directory, MANIFEST_NAME), 'utf8').catch((error: unknown) => {
    throw new Error(`${MANIFEST_NAME} cannot be read: ${messageOf(error)}`);
  });
  const body = text.slice(0, text.lastIndexOf('"Manifest-Checksum"'));
  if (text.slice(body.length) !== `"Manifest-Checksum": "${sha256(body)}"}\n`) {
    throw new Error(`${MANIFEST_NAME} does not match its own checksum`);
  }
  const parsed = Manifest.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new Error(`${MANIFEST_NAME} is not of a form known here: ${z.prettifyError(parsed.error)}`);
  }
  const range = parsed.data['WAL-Ranges'][0];
  return {
    files: parsed.data.Files.map((file) => ({
      path: file.Path,
      size: file.Size,
      sha256: file.Checksum,
      modified: Date.parse(file['Last-Modified'].replace(' GMT', 'Z').replace(' ', 'T')),
    })),
    timeline: range.Timeline,
    startLsn: parseLsn(range['Start-LSN']),
    stopLsn: parseLsn(range['End-LSN']),
  };
}

/**
 * When the backup had ended, by the database's clock, in milliseconds: at most a second late. The backup label is the
 * last file of a backup, and carries that time.
 */
export function endOfBackup(manifest: BackupManifest): number {
  const label = manifest.files.find(({ path }) => path === 'backup_label');
  return (label?.modified ?? Number.NaN) + 999;
}

function isInside(path: string): boolean {
  return (
    path !== '' &&
    !path.startsWith('/') &&
    !path.split('/').some((part) => part === '..' || part === '.' || part === '')
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
