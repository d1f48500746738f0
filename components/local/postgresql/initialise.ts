import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../errors';
import { makeServerFolder } from './access';
import { findPostgresql, type Postgresql } from './binaries';
import { syncFileSystem, writeWhole } from './durable';
import { runProgram } from './process';
import { diskFull } from './failures';
import { ACCESS_FILE, MAIN_FILE, SETTINGS_FOLDER, type ServerSettings, writeSettings } from './settings';

export interface InitialiseOptions extends ServerSettings {
  readonly dataDirectory: string;
  /** The application's role. It owns the database, may make the extensions that Medplum needs, and may back it up. */
  readonly username: string;
  readonly password: string;
  readonly database: string;
}

/** Owns the cluster. It has no password, so nobody can log in as it. */
const BOOTSTRAP_ROLE = 'medplum_dr_bootstrap';

/** Small segments, so that a recovery point that is archived at once costs 4 MB and not 16. */
const SEGMENT_MEGABYTES = 4;

/** What an online backup and a recovery point call; a superuser's by default. */
const BACKUP_FUNCTIONS = [
  'pg_backup_start(text, boolean)',
  'pg_backup_stop(boolean)',
  'pg_create_restore_point(text)',
  'pg_switch_wal()',
];

const Name = z.string().regex(/^[a-z_][a-z0-9_-]{0,62}$/i, 'must be a plain name of letters, digits, _ and -');
const Password = z
  .string()
  .min(1)
  .refine((text) => !/\p{Cc}/u.test(text), 'must not hold control characters');

/**
 * Makes a database cluster in an empty folder: data checksums, UTF-8, passwords by SCRAM, listening on one loopback
 * address, WAL archived by `basic_archive` (written beside, synced, renamed).
 *
 * @throws OperatorError for a folder that is not empty or closed to the server's user, an archive that holds another
 *   cluster's WAL, a full disk.
 */
export async function initialise(options: InitialiseOptions): Promise<void> {
  const names = z.object({ username: Name, database: Name, password: Password }).safeParse(options);
  if (!names.success) {
    throw new OperatorError('bad-input', `The database cannot be made: ${z.prettifyError(names.error)}`, {
      hint: 'Correct the database name, the user name or the password in the stack config.',
    });
  }
  const { dataDirectory } = options;
  const postgresql = await findPostgresql();
  await refuseUnlessEmpty(dataDirectory, 'The data directory');
  if (options.archive) {
    await refuseUnlessEmpty(options.archive.directory, 'The WAL archive of a new database');
    await makeServerFolder(postgresql, options.archive.directory, 0o700);
  }
  await makeServerFolder(postgresql, dataDirectory, 0o700);
  try {
    await makeCluster(postgresql, options);
  } catch (error) {
    // A half-made cluster would be refused by the next attempt.
    await rm(dataDirectory, { recursive: true, force: true });
    throw error;
  }
}

async function makeCluster(postgresql: Postgresql, options: InitialiseOptions): Promise<void> {
  const { dataDirectory } = options;
  const owner = postgresql.runAs;
  const ctype = process.platform === 'linux' ? 'C.UTF-8' : 'en_US.UTF-8';
  const made = await runProgram(
    postgresql.initdb,
    [
      ...['--pgdata', dataDirectory, '--username', BOOTSTRAP_ROLE, '--auth', 'reject', '--data-checksums'],
      // An order by bytes is the same on every machine: indexes stay sound wherever the files are restored.
      ...['--encoding', 'UTF8', '--lc-collate', 'C', '--lc-ctype', ctype, '--lc-messages', 'C'],
      ...['--wal-segsize', String(SEGMENT_MEGABYTES), '--no-instructions', '--no-sync'],
    ],
    { runAs: owner }
  );
  if (made.code !== 0) {
    throw failure(dataDirectory, made.stderr);
  }
  await writeWhole(join(dataDirectory, 'postgresql.conf'), MAIN_FILE, { owner });
  await writeWhole(join(dataDirectory, 'pg_hba.conf'), ACCESS_FILE, { owner });
  await makeServerFolder(postgresql, join(dataDirectory, SETTINGS_FOLDER), 0o700);
  await writeSettings(postgresql, dataDirectory, options);
  // Single-user mode: no network, and the password only on standard input.
  const single = ['--single', '-D', dataDirectory, '-c', 'archive_mode=off', 'template1'];
  const ran = await runProgram(postgresql.postgres, single, { runAs: owner, stdin: setUp(options) });
  if (ran.code !== 0 || /^.*(ERROR|FATAL|PANIC): /m.test(ran.stderr)) {
    throw failure(dataDirectory, ran.stderr);
  }
  // One call for all files, where the system has it: initdb's own way takes seconds.
  if (!(await syncFileSystem(dataDirectory))) {
    const synced = await runProgram(postgresql.initdb, ['--sync-only', '--pgdata', dataDirectory], { runAs: owner });
    if (synced.code !== 0) {
      throw failure(dataDirectory, synced.stderr);
    }
  }
}

/** One statement a line. Rights on functions belong to a database, which inherits them from template1. */
function setUp({ username, password, database }: InitialiseOptions): string {
  const role = `"${username}"`;
  return (
    [
      `CREATE ROLE ${role} LOGIN CREATEDB PASSWORD '${password.replaceAll("'", "''")}'`,
      `GRANT pg_monitor, pg_checkpoint, pg_signal_backend TO ${role}`,
      ...BACKUP_FUNCTIONS.map((name) => `GRANT EXECUTE ON FUNCTION ${name} TO ${role}`),
      `CREATE DATABASE "${database}" OWNER ${role} TEMPLATE template1`,
    ].join(';\n') + ';\n'
  );
}

async function refuseUnlessEmpty(folder: string, what: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return [];
    }
    throw error;
  });
  if (names.length > 0) {
    throw new OperatorError('preflight-failed', `${what}, ${folder}, is not empty`, {
      hint: 'Nothing is ever overwritten: choose another folder, or move this one away.',
    });
  }
}

function failure(dataDirectory: string, stderr: string): OperatorError {
  if (stderr.includes('No space left on device')) {
    return diskFull(dataDirectory);
  }
  const reason = stderr
    .trim()
    .split('\n')
    .filter((line) => /error|FATAL|PANIC/i.test(line))
    .join('\n');
  return new OperatorError(
    'recovery-failed',
    `A database could not be made in ${dataDirectory}: ${reason || stderr.trim()}`,
    {
      hint: 'See the reason; nothing was left behind.',
    }
  );
}
