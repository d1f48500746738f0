import { chown, mkdir, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperatorError } from '../../errors';
import type { Postgresql } from './binaries';
import { runProgram } from './process';

/** Makes a folder that belongs to the server's user, and proves that this user reaches it. */
export async function makeServerFolder(postgresql: Postgresql, folder: string, mode: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  if (postgresql.runAs && (await readdir(folder)).length === 0) {
    await chown(folder, postgresql.runAs.uid, postgresql.runAs.gid);
  }
  await assertReachable(postgresql, folder, 'write');
  await runProgram('chmod', [mode.toString(8), folder], { runAs: postgresql.runAs });
}

/**
 * @throws OperatorError naming the folder that is closed to the server's user, the user, and the remedy.
 */
export async function assertReachable(postgresql: Postgresql, folder: string, need: 'read' | 'write'): Promise<void> {
  if (await allows(postgresql, folder, need)) {
    return;
  }
  const user = postgresql.runAs?.name ?? 'this user';
  let closed = folder;
  for (let parent = dirname(folder); parent !== dirname(parent); parent = dirname(parent)) {
    if (!(await allows(postgresql, parent, 'enter'))) {
      closed = parent;
    }
  }
  const remedy =
    closed === folder
      ? `chown ${user} ${folder}, or choose another folder.`
      : `chmod o+x ${closed}, or choose a folder outside it.`;
  throw new OperatorError(
    'preflight-failed',
    `PostgreSQL (user ${user}) cannot ${need} ${folder}: ${closed} is closed to it`,
    {
      hint: remedy,
    }
  );
}

async function allows(postgresql: Postgresql, folder: string, need: 'read' | 'write' | 'enter'): Promise<boolean> {
  const tests = { enter: 'test -x "$1"', read: 'test -r "$1" && test -x "$1"', write: 'test -w "$1" && test -x "$1"' };
  const ran = await runProgram('/bin/sh', ['-c', tests[need], 'sh', folder], { runAs: postgresql.runAs });
  return ran.code === 0;
}
