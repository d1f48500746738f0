import { readlink } from 'node:fs/promises';
import os from 'node:os';
import { readIfThere } from '../../components/read-if-there';

/**
 * Names what the process numbers of this machine count in: the running system and, in a container, its process
 * namespace. Two machines may have one host name; a number then says nothing. Null where the system does not tell.
 */
export async function processSpace(): Promise<string | null> {
  const boot = await readIfThere('/proc/sys/kernel/random/boot_id');
  return boot === null ? null : `${boot.trim()} ${await readlink('/proc/self/ns/pid')}`;
}

/** Whether a process of this machine runs; one of another user counts too. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') {
      return false;
    }
    return true;
  }
}

export interface ProcessIdentity {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
}

/** The process that a driver is, and what it can tell of others on its machine. */
export interface DriverProcess {
  readonly identity: ProcessIdentity;
  readonly space: () => Promise<string | null>;
  readonly isAlive: (pid: number) => boolean;
}

export function thisDriver(): DriverProcess {
  return { identity: thisProcess(), space: processSpace, isAlive: isProcessAlive };
}

export function thisProcess(): ProcessIdentity {
  return { user: userName(), host: os.hostname(), pid: process.pid };
}

/** In a container the user may have a number and no name. */
function userName(): string {
  try {
    return os.userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}
