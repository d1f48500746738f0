import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../../errors';
import { RECOVERY_FILE } from './settings';

export interface DataFile {
  /** Relative to the data directory, with `/`. */
  readonly path: string;
  readonly size: number;
}

/** Folders that a server needs, but whose contents it makes anew (PostgreSQL's basebackup.c, excludeDirContents). */
const EMPTIED = new Set([
  'pg_wal',
  'pg_stat_tmp',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_subtrans',
]);

/** Folders that every data directory of PostgreSQL 16 has, also when they hold no file. */
export const STANDARD_FOLDERS: readonly string[] = [
  ...EMPTIED,
  'pg_wal/archive_status',
  'base',
  'global',
  'pg_commit_ts',
  'pg_logical',
  'pg_logical/mappings',
  'pg_logical/snapshots',
  'pg_multixact',
  'pg_multixact/members',
  'pg_multixact/offsets',
  'pg_stat',
  'pg_tblspc',
  'pg_twophase',
  'pg_xact',
];

/** Copied last and apart, because a server rewrites it at every checkpoint. */
export const CONTROL_FILE = 'global/pg_control';

const EXCLUDED_FILES = new Set([
  'postmaster.pid',
  'postmaster.opts',
  'backup_label',
  'backup_label.old',
  'tablespace_map',
  'tablespace_map.old',
  'backup_manifest',
  'recovery.signal',
  'standby.signal',
  'current_logfiles',
  'postgresql.auto.conf.tmp',
]);

/** The files that belong into a base backup, without the control file. Those that vanish meanwhile are left out. */
export async function filesToBackUp(dataDirectory: string): Promise<readonly DataFile[]> {
  await refuseTablespaces(dataDirectory);
  const files: DataFile[] = [];
  const visit = async (folder: string): Promise<void> => {
    const entries = await readdir(join(dataDirectory, folder), { withFileTypes: true }).catch(ifThere);
    for (const entry of entries ?? []) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (isExcluded(entry.name) || path === CONTROL_FILE || path === RECOVERY_FILE) {
        continue;
      }
      if (entry.isDirectory()) {
        await (EMPTIED.has(path) ? undefined : visit(path));
      } else if (entry.isFile()) {
        const found = await stat(join(dataDirectory, path)).catch(ifThere);
        files.push(...(found ? [{ path, size: found.size }] : []));
      } else if (!EMPTIED.has(path)) {
        throw new OperatorError('preflight-failed', `${join(dataDirectory, path)} is neither a file nor a folder`, {
          hint: 'A base backup would leave it out. Replace the link by what it points to.',
        });
      }
    }
  };
  await visit('');
  return files;
}

function isExcluded(name: string): boolean {
  return (
    EXCLUDED_FILES.has(name) ||
    name.startsWith('pgsql_tmp') ||
    name.startsWith('pg_internal.init') ||
    name.endsWith('.tmp') ||
    // A session's temporary table.
    /^t\d+_\d+/.test(name)
  );
}

async function refuseTablespaces(dataDirectory: string): Promise<void> {
  for (const name of await readdir(join(dataDirectory, 'pg_tblspc'))) {
    const place = await readlink(join(dataDirectory, 'pg_tblspc', name)).catch(() => name);
    throw new OperatorError('preflight-failed', `The tablespace ${name} lies outside the data directory: ${place}`, {
      hint: 'The local platform backs up one data directory. Move its tables with ALTER TABLE ... SET TABLESPACE pg_default, then drop it.',
    });
  }
}

function ifThere(error: unknown): null {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    return null;
  }
  throw error;
}
