import { expect } from 'chai';
import fc from 'fast-check';
import { setMaxListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { StallWatch, type Watched } from '../../../automation/recovery/stall';
import { OperatorError } from '../../../components/errors';
import { ManualClock } from '../../control/manual-clock';

type Told = Parameters<Watched['emit']>[0];

interface Watching {
  readonly watch: StallWatch;
  readonly clock: ManualClock;
  readonly told: Told[];
  /** Lets so much time pass, in halves of a second, and all that waits for it happen. */
  readonly pass: (seconds: number) => Promise<void>;
}

function watching(settings: Partial<Watched> = {}): Watching {
  const clock = new ManualClock();
  const told: Told[] = [];
  const watch = new StallWatch({
    step: 'recovery-stack',
    title: 'Restore and provision',
    budgetSeconds: 900,
    stallSeconds: 5,
    clock: {
      now: () => clock.now(),
      sleep: (milliseconds, signal) => {
        // Each sleep of the clock listens to its signal for good: a minute of looks is no leak.
        setMaxListeners(0, ...(signal === undefined ? [] : [signal]));
        return clock.sleep(milliseconds, signal);
      },
    },
    emit: (event) => told.push(event),
    signal: new AbortController().signal,
    ...settings,
  });
  return {
    watch,
    clock,
    told,
    pass: async (seconds) => {
      for (let half = 0; half < seconds * 2; half += 1) {
        clock.advance(500);
        await turn();
      }
    },
  };
}

/** How a step under watch goes; `end` holds what became of it once it is over. */
function follow(result: Promise<unknown>): { end: { value: unknown } | { error: unknown } | null } {
  const followed: ReturnType<typeof follow> = { end: null };
  result.then(
    (value) => (followed.end = { value }),
    (error: unknown) => (followed.end = { error })
  );
  return followed;
}

/** A step that goes on until it is told to stop, and stops then. */
function untilAborted(watch: StallWatch): Promise<never> {
  const { signal } = watch;
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('the step ended as it was told to'));
    });
  });
}

function stalledIn(followed: ReturnType<typeof follow>): OperatorError {
  expect(followed.end).to.have.property('error').instanceOf(OperatorError);
  return (followed.end as { error: OperatorError }).error;
}

describe('StallWatch', () => {
  it('hands on what the step returns, and what it throws', async () => {
    const failure = new Error('no');

    expect(await watching().watch.run(() => Promise.resolve('done'))).to.equal('done');
    const run = follow(watching().watch.run(() => Promise.reject(failure)));
    await turn();
    expect(run.end).to.deep.equal({ error: failure });
  });

  it('tells once of a step that goes on beyond its budget, and does not stop it', async () => {
    const { watch, told, pass } = watching({ budgetSeconds: 10 });
    let end: (value: string) => void = () => undefined;
    const run = follow(watch.run(() => new Promise<string>((resolve) => (end = resolve))));

    for (let second = 0; second < 10; second += 1) {
      await pass(1);
      watch.progress(`byte ${second}`);
    }
    expect(told, 'at its budget').to.deep.equal([]);
    for (let second = 10; second < 60; second += 1) {
      await pass(1);
      watch.progress(`byte ${second}`);
    }

    expect(run.end, 'it goes on').to.equal(null);
    expect(watch.signal.aborted).to.equal(false);
    expect(told).to.deep.equal([
      {
        kind: 'over-budget',
        step: 'recovery-stack',
        budgetSeconds: 10,
        text: 'Restore and provision is over its budget of 10 s and goes on; it waits for byte 9',
      },
    ]);
    end('restored');
    await turn();
    expect(run.end).to.deep.equal({ value: 'restored' });
  });

  it('stops a step that gives no sign, and says what it waited for and what to do', async () => {
    const { watch, pass } = watching();
    const run = follow(watch.run(() => untilAborted(watch)));
    watch.progress('the database: 40 % copied');

    await pass(5);
    expect(run.end, 'at the configured time').to.equal(null);
    await pass(1);

    const error = stalledIn(run);
    expect(error.kind).to.equal('recovery-failed');
    expect(error.message).to.equal(
      'Restore and provision made no progress for 5 s while waiting for the database: 40 % copied.'
    );
    expect(error.hint).to.include('resume').and.include('--stall-after');
    expect(watch.signal.reason, 'the step is told the same').to.equal(error);
  });

  it('stops one that never gave a sign at all', async () => {
    const { watch, pass } = watching();
    const run = follow(watch.run(() => untilAborted(watch)));

    await pass(6);

    expect(stalledIn(run).message).to.include('while waiting for its first sign');
  });

  it('takes the same words again for no progress, and anything that moved for one', async () => {
    const same = watching();
    const repeating = follow(same.watch.run(() => untilAborted(same.watch)));
    const moving = watching();
    const going = follow(moving.watch.run(() => untilAborted(moving.watch)));

    for (let second = 0; second < 6; second += 1) {
      same.watch.progress('the engine');
      moving.watch.progress('the engine');
      // A resource or a check: it has no words for what is waited for.
      moving.watch.progress();
      await Promise.all([same.pass(1), moving.pass(1)]);
    }

    expect(stalledIn(repeating).message).to.include('while waiting for the engine');
    expect(going.end).to.equal(null);
    await moving.pass(6);
    expect(stalledIn(going).message, 'the words are kept').to.include('while waiting for the engine');
  });

  it('leaves a step alone that does not stop within the grace', async () => {
    const { watch, pass } = watching();
    const run = follow(watch.run(() => new Promise(() => undefined)));

    await pass(6);
    expect(watch.signal.aborted).to.equal(true);
    await pass(59);
    expect(run.end, 'within the grace').to.equal(null);
    await pass(2);

    expect(stalledIn(run).message).to.include('made no progress for 5 s');
  });

  it('takes the result of a step that ends well in its grace', async () => {
    const { watch, pass } = watching();
    let end: (value: string) => void = () => undefined;
    const run = follow(watch.run(() => new Promise<string>((resolve) => (end = resolve))));
    await pass(10);

    end('restored after all');
    await turn();

    expect(run.end).to.deep.equal({ value: 'restored after all' });
  });

  it('lets the run’s own end through, with its reason', async () => {
    const stop = new AbortController();
    const { watch, pass } = watching({ signal: stop.signal });
    const reason = new OperatorError('locked', 'Taken over.', { hint: 'None.' });
    const run = follow(watch.run(() => untilAborted(watch)));
    await pass(1);

    stop.abort(reason);
    await turn();

    expect(watch.signal.reason).to.equal(reason);
    expect(run.end).to.have.property('error').with.property('message', 'the step ended as it was told to');
  });

  it('watches nothing any more once the step is over', async () => {
    const { watch, clock, told, pass } = watching({ budgetSeconds: 1 });
    await watch.run(() => Promise.resolve());

    await pass(20);

    expect(told).to.deep.equal([]);
    expect(watch.signal.aborted).to.equal(false);
    expect(clock.sleepers).to.equal(0);
  });

  it('stops a step exactly when it went longer without a sign than it may, whatever it tells', async () => {
    const signs = fc.array(
      fc.record({ after: fc.integer({ min: 1, max: 9 }), words: fc.constantFrom('one', 'two', undefined) }),
      { minLength: 1, maxLength: 12 }
    );
    await fc.assert(
      fc.asyncProperty(signs, fc.integer({ min: 1, max: 8 }), async (script, stallSeconds) => {
        const { watch, clock, pass } = watching({ stallSeconds });
        // Its signs come between two looks, so that it is certain which is first.
        const run = follow(
          watch.run(async () => {
            await clock.sleep(500);
            watch.progress('begun');
            for (const { after, words } of script) {
              await clock.sleep(after * 1000, watch.signal);
              watch.progress(words);
            }
          })
        );
        let silent = 0;
        let known = 'begun';
        let stalls = false;
        for (const { after, words } of script) {
          silent += after;
          stalls ||= silent > stallSeconds;
          if (words === undefined || words !== known) {
            silent = 0;
          }
          known = words ?? known;
        }

        await pass(1 + script.reduce((sum, { after }) => sum + after, 0));

        if (stalls) {
          expect(stalledIn(run).message).to.include(`no progress for ${stallSeconds} s`);
        } else {
          expect(run.end).to.deep.equal({ value: undefined });
        }
      }),
      { numRuns: 150 }
    );
  });
});
