import { statfsSync } from 'node:fs';
import { OperatorError } from '../../errors';
import { lastLines } from './server-log';
import { readSettings } from './settings';

/** Tells why a server did not come up, from what it logged. */
export async function startFailure(dataDirectory: string, log: string): Promise<OperatorError> {
  const message = `PostgreSQL in ${dataDirectory} did not start. Its log ends:\n${lastLines(log)}`;
  const hint = 'See the log for the first FATAL or PANIC line.';
  return (await machineFailure(dataDirectory, log)) ?? new OperatorError('recovery-failed', message, { hint });
}

/** A failure that lies in the machine and not in the data: a taken port, a full disk. Null when it is none of them. */
export async function machineFailure(dataDirectory: string, log: string): Promise<OperatorError | null> {
  const settings = await readSettings(dataDirectory);
  const value = (name: string): string => new RegExp(`^${name} = '?([^'\n]*)`, 'm').exec(settings)?.[1] ?? '?';
  if (log.includes('Address already in use') || log.includes('could not create any TCP/IP sockets')) {
    const place = `port ${value('port')} of ${value('listen_addresses')}`;
    return new OperatorError('preflight-failed', `PostgreSQL cannot listen: ${place} is taken or not of this machine`, {
      hint: 'Stop the program that listens there (ss -ltnp), or choose another port.',
    });
  }
  if (log.includes('No space left on device')) {
    return diskFull(dataDirectory);
  }
  return null;
}

export function diskFull(folder: string, cause?: unknown): OperatorError {
  return new OperatorError('recovery-failed', `The disk of ${folder} is full${roomOn(folder)}`, {
    hint: `Make room there (df -h ${folder}), then run again.`,
    cause,
  });
}

/** In words; nothing where the folder itself is gone by now. */
function roomOn(folder: string): string {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return `: ${Math.round((bavail * bsize) / 1e6)} of ${Math.round((blocks * bsize) / 1e6)} MB are free`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return '';
    }
    throw error;
  }
}
