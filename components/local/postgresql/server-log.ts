import { chown, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Postgresql } from './binaries';

/** Makes the log file for the server's user, and tells its size: what comes after it belongs to the next start. */
export async function prepareLog(postgresql: Postgresql, logFile: string): Promise<number> {
  await mkdir(dirname(logFile), { recursive: true, mode: 0o755 });
  const handle = await open(logFile, 'a', 0o600);
  await handle.close();
  if (postgresql.runAs) {
    await chown(logFile, postgresql.runAs.uid, postgresql.runAs.gid);
  }
  return (await stat(logFile)).size;
}

/** The log from a byte on. */
export async function logSince(logFile: string, offset: number): Promise<string> {
  const handle = await open(logFile, 'r');
  try {
    const length = Math.max(0, (await handle.stat()).size - offset);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The newest position that a replay told of in a log; null when it told of none. */
export function redoPosition(log: string): string | null {
  return [...log.matchAll(/redo (?:in progress|starts at|done at).*?([0-9A-F]+\/[0-9A-F]+)/g)].at(-1)?.[1] ?? null;
}

/** The last lines of a log, for a person. */
export function lastLines(text: string, count = 8): string {
  return text.trimEnd().split('\n').slice(-count).join('\n');
}
