import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { ConcurrentUpdateError } from '@pulumi/pulumi/automation';
import { lockHolders, withUpdateLock } from '../../../automation/stacks/update-lock';

function refusal(...holders: { host: string; pid: number }[]): string {
  const lines = holders.map(
    ({ host, pid }) =>
      `\n  file:///state/.pulumi/locks/organization/medplum-dr/p/a.json: created by root@${host} (pid ${pid}) at 2026-11-24T12:27:03Z`
  );
  return `error: the stack is currently locked by ${holders.length} lock(s). Either wait for the other process(es) to end or delete the lock file with \`pulumi cancel\`.${lines.join('')}`;
}

function refused(message: string): Error {
  return Object.assign(Object.create(ConcurrentUpdateError.prototype) as Error, { message });
}

/** The id of a process that has ended and was waited for. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'close');
  return child.pid ?? 0;
}

describe('the lock of a stack', () => {
  /** An operation that is refused until the lock is broken. */
  function locked(message: string): { told: string[]; run: (signal?: AbortSignal) => Promise<string> } {
    const told: string[] = [];
    let broken = false;
    const run = (signal = new AbortController().signal): Promise<string> =>
      withUpdateLock(() => (broken ? Promise.resolve('updated') : Promise.reject(refused(message))), {
        signal,
        onWaiting: (what) => told.push(`waiting: ${what}`),
        onNote: (text) => told.push(`note: ${text}`),
        breakLock: () => {
          broken = true;
          return Promise.resolve();
        },
      });
    return { told, run };
  }

  it('is read out of the engine’s refusal, each holder once', () => {
    const message = refusal({ host: 'vm-1', pid: 12 }, { host: 'vm-2', pid: 13 });

    expect(lockHolders(`${message}\n stderr: ${message}`)).to.deep.equal([
      { user: 'root', host: 'vm-1', pid: 12, since: '2026-11-24T12:27:03Z' },
      { user: 'root', host: 'vm-2', pid: 13, since: '2026-11-24T12:27:03Z' },
    ]);
    expect(lockHolders('[409] Conflict: Another update is currently in progress.')).to.deep.equal([]);
  });

  it('is broken when its holder ran here and is dead, and that is said', async () => {
    const pid = await deadPid();
    const { told, run } = locked(refusal({ host: os.hostname(), pid }));

    expect(await run()).to.equal('updated');
    expect(told).to.deep.equal([
      `note: The lock of an engine that is dead (pid ${pid} since 2026-11-24T12:27:03Z) was broken`,
    ]);
  });

  it('is broken when the id of its holder is another process’s by now', async function () {
    if (process.platform !== 'linux') {
      this.skip();
    }
    const { run } = locked(refusal({ host: os.hostname(), pid: process.pid }));

    expect(await run()).to.equal('updated');
  });

  it('is not broken when one of its holders ran elsewhere', async () => {
    const { told, run } = locked(refusal({ host: os.hostname(), pid: await deadPid() }, { host: 'elsewhere', pid: 1 }));

    const outcome = await run().catch((error: unknown) => error);

    expect(outcome).to.be.instanceOf(ConcurrentUpdateError);
    expect(told).to.deep.equal([]);
  });

  it('is not broken when the engine does not say who holds it', async () => {
    const outcome = await locked('[409] Conflict: Another update is currently in progress.')
      .run()
      .catch((error: unknown) => error);

    expect(outcome).to.be.instanceOf(ConcurrentUpdateError);
  });
});
