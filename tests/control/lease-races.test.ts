import { expect } from 'chai';
import fc from 'fast-check';
import { acquireLease, type Lease } from '../../automation/control/lease';
import { OperatorError } from '../../components/errors';
import { failureOf } from './failure-of';
import { ManualClock } from './manual-clock';
import { MemoryStore } from './memory-store';

/** What the drivers find. The holder's process number is 1, theirs are 100 and up. */
const FOUND = ['nothing', 'released', 'living holder', 'dead holder'] as const;

const drivers = fc.array(fc.record({ after: fc.nat({ max: 4 }), takeOver: fc.boolean() }), {
  minLength: 2,
  maxLength: 6,
});

/** Asks some times, as a driver does before its changes. @returns whether each could be made. */
async function work(lease: Lease): Promise<{ lease: Lease; kept: boolean }> {
  try {
    for (let change = 0; change < 3; change++) {
      await lease.check();
    }
    return { lease, kept: true };
  } catch (error) {
    expect(error).to.include({ kind: 'locked' });
    return { lease, kept: false };
  }
}

/*
 * Every interleaving of the drivers' operations on the store may happen; fast-check picks them, and prints the seed and
 * the order of the one that fails. Each operation is one moment, as it is on S3 and on a folder.
 */
describe('drivers that want one environment at once', () => {
  const take = (store: MemoryStore, pid: number, options: { after: number; takeOver: boolean }): Promise<Lease> =>
    acquireLease({
      store,
      environment: 'prod',
      purpose: `run ${pid}`,
      clock: new ManualClock(),
      identity: { user: 'ada', host: 'drbox', pid },
      isAlive: (other) => other !== 1 || !store.objects.has('holder is dead'),
      ...options,
    });

  it('lets exactly one have it, and another only by taking over from that one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.constantFrom(...FOUND), drivers, async (scheduler, found, wanting) => {
        const store = new MemoryStore();
        const holder = found === 'nothing' ? null : await take(store, 1, { after: 0, takeOver: false });
        if (found === 'released') {
          await holder!.release();
        }
        if (found === 'dead holder') {
          store.objects.set('holder is dead', '');
        }
        // Nobody begins before all are at the store: they read their own machine first, in real time.
        let missing = wanting.length;
        let begin: () => void = () => undefined;
        const begun = new Promise<void>((resolve) => (begin = resolve));
        store.turn = async (operation) => {
          missing--;
          if (missing === 0) {
            begin();
          }
          await begun;
          await scheduler.schedule(Promise.resolve(), operation);
        };

        const results = await scheduler.waitFor(
          Promise.allSettled(wanting.map(async (options, index) => work(await take(store, 100 + index, options))))
        );

        store.turn = () => Promise.resolve();
        const winners: { lease: Lease; kept: boolean; after: number; takeOver: boolean }[] = [];
        for (const [index, result] of results.entries()) {
          if (result.status === 'fulfilled') {
            winners.push({ ...result.value, ...wanting[index]! });
          } else {
            expect(result.reason).to.be.instanceOf(OperatorError).and.to.include({ kind: 'locked' });
          }
        }
        winners.sort((one, other) => one.lease.number - other.lease.number);
        const mayWin = found !== 'living holder' || wanting.some(({ takeOver }) => takeOver);
        expect(winners.length > 0).to.equal(mayWin);

        // Who was not told to take over has it first, from nobody who lives; nobody is taken over twice. A driver that
        // was still acquiring may be taken over too: it is refused then.
        const dead = found === 'dead holder' ? 1 : null;
        const takenFrom = winners.map(({ lease }) => lease.takenFrom?.pid ?? null);
        expect(new Set(takenFrom).size).to.equal(takenFrom.length);
        for (const [index, { lease, after, takeOver }] of winners.entries()) {
          if (takeOver) {
            expect(takenFrom[index] === null && (index > 0 || found.endsWith('holder'))).to.equal(false);
          } else {
            expect([index, found === 'living holder', takenFrom[index]]).to.deep.equal([0, false, dead]);
          }
          expect(lease.number).to.be.greaterThan(Math.max(after, holder?.number ?? 0));
        }
        const newest = winners.pop();
        expect(newest?.kept ?? true).to.equal(true);
        await (newest?.lease ?? holder!).check();
        for (const { lease } of winners) {
          expect(await failureOf(lease.check())).to.include({ kind: 'locked' });
        }
        if (newest !== undefined && holder !== null) {
          expect(await failureOf(holder.check())).to.include({ kind: 'locked' });
        }
      }),
      { numRuns: 1000 }
    );
  });

  it('never gives the number of a driver that may have changed something to another', async () => {
    const step = fc.record({
      driver: fc.nat({ max: 2 }),
      act: fc.constantFrom('take' as const, 'release' as const, 'give back' as const, 'die' as const),
      after: fc.nat({ max: 3 }),
      takeOver: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const store = new MemoryStore();
        const leases = new Map<number, Lease>();
        let highestUsed = 0;
        for (const { driver, act, after, takeOver } of steps) {
          const held = leases.get(driver);
          if (act === 'take' && held === undefined) {
            const taken = await take(store, 100 + driver, { after, takeOver }).catch((error: unknown) => {
              expect(error).to.include({ kind: 'locked' });
              return null;
            });
            if (taken !== null) {
              expect(taken.number).to.be.greaterThan(Math.max(after, highestUsed));
              leases.set(driver, taken);
            }
          } else if (act !== 'take' && held !== undefined) {
            leases.delete(driver);
            highestUsed = act === 'give back' ? highestUsed : Math.max(highestUsed, held.number);
            if (act !== 'die') {
              await held.release({ unused: act === 'give back' });
            }
          }
          const valid = await Promise.all(
            [...leases.values()].map((lease) =>
              lease.check().then(
                () => 1,
                () => 0
              )
            )
          );
          expect(valid.filter((one) => one === 1).length).to.be.lessThan(2);
        }
      }),
      { numRuns: 300 }
    );
  });
});
