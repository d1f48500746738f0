import { join } from 'node:path';
import { readIfThere } from '../../read-if-there';
import { OperatorError } from '../../errors';
import type { Postgresql } from './binaries';
import { writeWhole } from './durable';

/** Where WAL goes as soon as a segment is full, or after `timeoutSeconds` when anything was written. */
export interface WalArchiving {
  readonly directory: string;
  readonly timeoutSeconds: number;
}

/** What differs between one server of this platform and another. */
export interface ServerSettings {
  /** A loopback address. */
  readonly address: string;
  readonly port: number;
  readonly archive?: WalArchiving | undefined;
}

export const SETTINGS_FOLDER = 'conf.d';
export const SETTINGS_FILE = `${SETTINGS_FOLDER}/10-server.conf`;
/** Read last: there only while a restore replays WAL. */
export const RECOVERY_FILE = `${SETTINGS_FOLDER}/90-recovery.conf`;

/** What `postgresql.conf` holds: its defaults are in the program, ours are in our own files. */
export const MAIN_FILE = `include_dir '${SETTINGS_FOLDER}'\n`;

/** Only passwords, and only from this machine. */
export const ACCESS_FILE = 'host all all 127.0.0.0/8 scram-sha-256\nhost all all ::1/128 scram-sha-256\n';

/** Lines of a PostgreSQL configuration file. */
export function formatSettings(settings: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'string' ? quoted(value) : String(value)}\n`)
    .join('');
}

/** Writes our file of settings into a data directory. */
export async function writeSettings(
  postgresql: Postgresql,
  dataDirectory: string,
  settings: ServerSettings
): Promise<void> {
  await writeWhole(join(dataDirectory, SETTINGS_FILE), settingsText(settings), { owner: postgresql.runAs });
}

/** The text of our file of settings, empty when there is none. */
export async function readSettings(dataDirectory: string): Promise<string> {
  return (await readIfThere(join(dataDirectory, SETTINGS_FILE))) ?? '';
}

export function settingsText({ address, port, archive }: ServerSettings): string {
  if (!/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$|^::1$|^localhost$/.test(address)) {
    throw new OperatorError('bad-input', `${address} is not a loopback address`, {
      hint: 'The local platform listens on this machine only: use an address of 127.0.0.0/8, or ::1.',
    });
  }
  return formatSettings({
    listen_addresses: address,
    port,
    // A socket path longer than 107 bytes is refused, and /tmp is shared: TCP alone.
    unix_socket_directories: '',
    max_connections: 150,
    shared_buffers: '256MB',
    password_encryption: 'scram-sha-256',
    wal_level: 'replica',
    full_page_writes: true,
    wal_compression: 'pglz',
    max_wal_size: '2GB',
    // Always on, as changing that takes a restart: a database that is protected later only reloads. What nobody
    // protects is thrown away, by a command of the shell: with neither command nor library it would pile up.
    archive_mode: 'on',
    archive_library: archive ? 'basic_archive' : '',
    archive_command: archive ? '' : 'true',
    ...(archive
      ? { 'basic_archive.archive_directory': archive.directory, archive_timeout: archive.timeoutSeconds }
      : {}),
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    // Statements, parameters and details of errors hold patients' data: none of it may reach the log.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0,
  });
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
