import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** How long the update of another driver that still lives is waited for. */
const PATIENCE_MILLISECONDS = 600_000;

const holderSchema = z.object({ user: z.string(), host: z.string(), pid: z.coerce.number().int(), since: z.string() });
export type LockHolder = z.infer<typeof holderSchema>;

/** Who holds a stack's lock, as the engine's refusal names them (`pkg/backend/diy/lock.go`, 3.246.0). */
export function lockHolders(message: string): LockHolder[] {
  const found = message.matchAll(/created by (?<user>\S+)@(?<host>\S+) \(pid (?<pid>\d+)\) at (?<since>\S+)/g);
  // The same text may be in the message twice: of standard output and of standard error.
  const holders = [...found].map((match) => holderSchema.parse(match.groups));
  return [...new Map(holders.map((holder) => [`${holder.host} ${holder.pid}`, holder])).values()];
}

export interface LockWait {
  readonly signal: AbortSignal;
  readonly onWaiting: (what: string) => void;
  readonly onNote: (text: string) => void;
  /** Takes all locks off the stack (`pulumi cancel`). */
  readonly breakLock: () => Promise<void>;
}

/**
 * Runs an operation of the engine on a stack. The lock of a bucket or folder as state backend has no expiry: an engine
 * that was killed leaves it for ever. A lock is broken only when its holder ran on this machine and is proved dead; one
 * that lives, such as the engine of a driver that was killed, is waited for.
 */
export async function withUpdateLock<Result>(operation: () => Promise<Result>, wait: LockWait): Promise<Result> {
  const deadline = Date.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      // The engine's own command says it in the same words as what the Automation API makes of them.
      const holders = error instanceof Error ? lockHolders(error.message) : [];
      if (holders.length === 0 || holders.some((holder) => holder.host !== os.hostname())) {
        throw error;
      }
      if (!(await outlived(holders, deadline, wait))) {
        throw error;
      }
      await wait.breakLock();
      const named = holders.map((holder) => `pid ${holder.pid} since ${holder.since}`).join(', ');
      wait.onNote(`The lock of an engine that is dead (${named}) was broken`);
    }
  }
}

/** Waits until none of them lives; false when one still does at the deadline. */
async function outlived(holders: readonly LockHolder[], deadline: number, wait: LockWait): Promise<boolean> {
  for (;;) {
    const states = await Promise.all(holders.map(({ pid }) => isEngine(pid)));
    const living = holders.filter((_holder, index) => states[index]);
    if (living.length === 0) {
      return true;
    }
    if (Date.now() > deadline) {
      return false;
    }
    wait.onWaiting(`another engine on this stack to end (pid ${living.map((holder) => holder.pid).join(', ')})`);
    await sleep(250, undefined, { signal: wait.signal });
  }
}

/** Whether the process lives and is an engine. Its id may be another's by now; where that cannot be seen, it lives. */
async function isEngine(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
  if (process.platform !== 'linux') {
    return true;
  }
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    const [, name = '', state = ''] = /^\d+ \((.*)\) (\S)/s.exec(text) ?? [];
    return name.startsWith('pulumi') && state !== 'Z';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') {
      return false;
    }
    throw error;
  }
}
