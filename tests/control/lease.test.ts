import { expect } from 'chai';
import { acquireLease, leaseHolder, type AcquireOptions, type Lease } from '../../automation/control/lease';
import { until } from '../../components/local/process/daemon';
import { OperatorError } from '../../components/errors';
import { failureOf } from './failure-of';
import { ManualClock } from './manual-clock';
import { MemoryStore } from './memory-store';

const ADA = { user: 'ada', host: 'drbox', pid: 4242 };
const BOB = { user: 'bob', host: 'laptop', pid: 7 };

describe('lease of an environment', () => {
  let store: MemoryStore;
  let clock: ManualClock;
  beforeEach(() => {
    store = new MemoryStore();
    clock = new ManualClock();
  });

  const acquire = (options: Partial<AcquireOptions> = {}): Promise<Lease> =>
    acquireLease({
      store,
      environment: 'prod',
      purpose: 'recovery rec-1',
      after: 0,
      takeOver: false,
      clock,
      identity: ADA,
      isAlive: () => true,
      ...options,
    });

  async function lockedBy(promise: Promise<unknown>): Promise<OperatorError> {
    const failure = await failureOf(promise);
    expect(failure).to.be.instanceOf(OperatorError).and.to.include({ kind: 'locked' });
    return failure as OperatorError;
  }

  const keys = (): string[] => [...store.objects.keys()].sort();

  it('tells a second driver who holds it, for what, since when, and how to take over', async () => {
    await acquire();
    clock.advance(60_000);
    await until(() => store.objects.get('locks/prod/00000001.alive')?.includes('"count":1') === true, 5000);

    const { message, hint } = await lockedBy(acquire({ identity: BOB }));

    expect(message).to.equal(
      'Environment "prod" is held by ada@drbox (process 4242) for recovery rec-1, since 2026-11-24T03:00:00.000Z; ' +
        'last sign of life 2026-11-24T03:01:00.000Z, by its clock.'
    );
    expect(hint).to.equal(
      'Wait for it. Or, once you made sure that the other driver is dead or stopped, run the same command with ' +
        '--take-over: a driver that is taken over cannot change anything any more.'
    );
    expect(keys()).to.deep.equal(['locks/prod/00000001.alive', 'locks/prod/00000001.json']);
  });

  it('says that the holder still runs on this machine', async () => {
    await acquire();
    const { message } = await lockedBy(acquire({ identity: { ...ADA, pid: 1 } }));
    expect(message).to.include('That process still runs on this machine.');
  });

  it('holds each environment for itself', async () => {
    await acquire();
    expect((await acquire({ environment: 'staging' })).number).to.equal(1);
  });

  it('shows who holds it, and that nobody does', async () => {
    expect(await leaseHolder(store, 'prod')).to.equal(null);
    const lease = await acquire();
    expect(await leaseHolder(store, 'prod')).to.deep.equal({
      holder: { number: 1, ...ADA, since: '2026-11-24T03:00:00.000Z', purpose: 'recovery rec-1' },
      lastSignOfLife: '2026-11-24T03:00:00.000Z',
    });
    await lease.release();
    expect(await leaseHolder(store, 'prod')).to.equal(null);
  });

  it('takes over at once from a dead process of this machine, and says from whom', async () => {
    const dead = await acquire();
    const lease = await acquire({ identity: { ...ADA, pid: 4343 }, isAlive: (pid) => pid !== 4242 });
    expect(lease.number).to.equal(2);
    expect(lease.takenFrom).to.deep.include({ number: 1, ...ADA });
    await lockedBy(dead.check());
  });

  it('does not judge the processes of another machine', async () => {
    await acquire();
    await lockedBy(acquire({ identity: BOB, isAlive: () => false }));
  });

  it('does not judge the processes of a machine that only has the same name', async () => {
    await acquire();
    const key = 'locks/prod/00000001.json';
    const record = JSON.parse(store.objects.get(key)!) as Record<string, unknown>;
    store.objects.set(key, JSON.stringify({ ...record, processSpace: 'another boot pid:[1]' }));
    const { message } = await lockedBy(acquire({ isAlive: () => false }));
    expect(message).to.include('the name of this machine too');
    expect((await acquire({ takeOver: true })).number).to.equal(2);
  });

  it('stops a driver that was taken over, at its next change and at its next beat', async () => {
    const old = await acquire();
    await old.check();
    expect(old.lost.aborted).to.equal(false);

    const lease = await acquire({ identity: BOB, takeOver: true, purpose: 'recovery rec-2' });
    expect(lease.number).to.equal(2);
    expect(lease.takenFrom).to.deep.include(ADA);
    clock.advance(5000);

    expect(await until(() => old.lost.aborted, 5000)).to.equal(true);
    const told = await lockedBy(old.check());
    expect(told).to.equal(old.lost.reason);
    expect(told.message).to.equal(
      'bob@laptop (process 7) took environment "prod" over for recovery rec-2, at 2026-11-24T03:00:00.000Z by its ' +
        'clock: this driver changes nothing any more.'
    );
    await lease.check();
    expect(lease.lost.aborted).to.equal(false);
  });

  it('finds out by a check alone, before any beat', async () => {
    const old = await acquire();
    await acquire({ identity: BOB, takeOver: true });
    await lockedBy(old.check());
    expect(old.lost.aborted).to.equal(true);
  });

  it('does not let the old driver come back when the new one is done', async () => {
    const old = await acquire();
    await (await acquire({ identity: BOB, takeOver: true })).release({ unused: true });
    await lockedBy(old.check());
    await old.release();
    expect((await acquire()).number).to.equal(3);
  });

  it('stops a driver whose record was removed', async () => {
    const lease = await acquire();
    store.objects.clear();
    expect((await lockedBy(lease.check())).message).to.include('was removed');
  });

  it('removes what lies below its number', async () => {
    await acquire();
    await acquire({ identity: BOB, takeOver: true });
    expect(keys()).to.deep.equal(['locks/prod/00000002.alive', 'locks/prod/00000002.json']);
  });

  it('keeps counting after a release', async () => {
    for (const number of [1, 2, 3]) {
      const lease = await acquire();
      expect(lease.number).to.equal(number);
      expect(lease.takenFrom).to.equal(null);
      await lease.release();
      expect(keys()).to.deep.equal([`locks/prod/0000000${number}.json`, `locks/prod/0000000${number}.released`]);
      expect(clock.sleepers).to.equal(0);
    }
  });

  it('counts on from the number that it is given', async () => {
    const lease = await acquire({ after: 41 });
    expect(lease.number).to.equal(42);
    expect(keys()).to.deep.equal(['locks/prod/00000042.alive', 'locks/prod/00000042.json']);
    await lease.release();
    expect((await acquire({ after: 7 })).number).to.equal(43);
  });

  it('leaves nothing when it was not used', async () => {
    for (const after of [0, 41]) {
      const lease = await acquire({ after });
      await lease.release({ unused: true });
      await lease.release();
      expect(keys()).to.deep.equal([]);
      expect(clock.sleepers).to.equal(0);
    }
  });

  it('leaves the mark of those before it when it was not used', async () => {
    await (await acquire()).release();
    await (await acquire()).release({ unused: true });
    expect((await acquire()).number).to.equal(3);
  });

  it('goes on through a store that fails for a while, and tells of it before a change', async () => {
    const lease = await acquire();
    const unreachable = new Error('no route to host');
    let failed = 0;
    store.turn = () => {
      failed++;
      return Promise.reject(unreachable);
    };
    clock.advance(5000);
    expect(await until(() => failed > 0 && clock.sleepers === 1, 5000)).to.equal(true);
    expect(await failureOf(lease.check())).to.equal(unreachable);
    expect(lease.lost.aborted).to.equal(false);

    store.turn = () => Promise.resolve();
    await lease.check();
    clock.advance(5000);
    expect(await until(() => store.objects.get('locks/prod/00000001.alive')!.includes('"count":2'), 5000)).to.equal(
      true
    );
  });

  it('releases what it had taken when the store fails before it has all', async () => {
    const unreachable = new Error('no route to host');
    store.turn = (operation) => (operation.startsWith('replace') ? Promise.reject(unreachable) : Promise.resolve());
    expect(await failureOf(acquire())).to.equal(unreachable);
    store.turn = () => Promise.resolve();
    expect((await acquire()).number).to.equal(2);
  });

  it('says what to do with a record that it cannot read', async () => {
    store.objects.set('locks/prod/00000001.json', '{}');
    expect((await lockedBy(acquire())).hint).to.include('remove locks/prod/00000001.json');
  });
});
