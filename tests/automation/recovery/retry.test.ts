import { expect } from 'chai';
import fc from 'fast-check';
import type { Clock } from '../../../automation/recovery/clock';
import { passes, retried } from '../../../automation/recovery/retry';
import { OperatorError } from '../../../components/errors';

/** A clock on which no time passes, but that notes how long it was slept on. */
function impatientClock(): { readonly clock: Clock; readonly pauses: number[] } {
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => new Date(0),
    sleep: (milliseconds) => {
      pauses.push(milliseconds);
      return Promise.resolve();
    },
  };
  return { clock, pauses };
}

function coded(code: string): Error {
  return Object.assign(new Error(`failed with ${code}`), { code });
}

const REFUSED = coded('ECONNREFUSED');

/** A call that fails so often and then answers. */
function failing(times: number, error: unknown): { readonly call: () => Promise<string>; calls: number } {
  const counted = {
    calls: 0,
    call: (): Promise<string> => {
      counted.calls += 1;
      // What is thrown may be no Error: that is among what is tested.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      return counted.calls <= times ? Promise.reject(error) : Promise.resolve('answer');
    },
  };
  return counted;
}

describe('retried', () => {
  it('does not call again what answered', async () => {
    const { clock, pauses } = impatientClock();
    const counted = failing(0, REFUSED);

    expect(await retried(counted.call, { clock, random: () => 1 })).to.equal('answer');
    expect(counted.calls).to.equal(1);
    expect(pauses).to.deep.equal([]);
  });

  it('pauses for a bound that doubles, by the jitter: five attempts in all', async () => {
    const { clock, pauses } = impatientClock();
    const counted = failing(9, REFUSED);

    const error: unknown = await retried(counted.call, { clock, random: () => 0.5 }).catch((thrown: unknown) => thrown);

    expect(error).to.equal(REFUSED);
    expect(counted.calls).to.equal(5);
    expect(pauses).to.deep.equal([100, 200, 400, 800]);
  });

  it('answers whenever fewer than five attempts fail, and never pauses beyond the bound', async () => {
    const jitter = fc.array(fc.double({ min: 0, max: 0.999_999, noNaN: true }), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 8 }), jitter, async (times, randoms) => {
        const { clock, pauses } = impatientClock();
        const counted = failing(times, REFUSED);
        const drawn = [...randoms];
        const result = await retried(counted.call, { clock, random: () => drawn.shift() ?? 0 }).catch(() => 'failed');

        expect(result).to.equal(times < 5 ? 'answer' : 'failed');
        expect(counted.calls).to.equal(Math.min(times + 1, 5));
        expect(pauses).to.deep.equal(
          randoms.slice(0, counted.calls - 1).map((random, index) => random * 200 * 2 ** index)
        );
      })
    );
  });

  for (const [what, error] of [
    ['an answer to the operator', new OperatorError('preflight-failed', 'No.', { hint: 'None.' })],
    ['a fault of the program', new TypeError('undefined is not a function')],
    ['a wrong password', coded('28P01')],
    ['a file that is not there', coded('ENOENT')],
    ['a request that is wrong', Object.assign(new Error('no'), { $metadata: { httpStatusCode: 403 } })],
    ['what is no error', 'thrown text'],
  ] as const) {
    it(`does not call again after ${what}`, async () => {
      const { clock, pauses } = impatientClock();
      const counted = failing(9, error);

      const thrown: unknown = await retried(counted.call, { clock, random: () => 1 }).catch(
        (caught: unknown) => caught
      );

      expect(thrown).to.equal(error);
      expect(counted.calls).to.equal(1);
      expect(pauses).to.deep.equal([]);
    });
  }

  it('stops at the first error that does not pass', async () => {
    const { clock } = impatientClock();
    const wrong = coded('28P01');
    let calls = 0;
    const call = (): Promise<never> => {
      calls += 1;
      return Promise.reject(calls < 3 ? REFUSED : wrong);
    };

    const thrown: unknown = await retried(call, { clock, random: () => 0 }).catch((caught: unknown) => caught);

    expect(thrown).to.equal(wrong);
    expect(calls).to.equal(3);
  });
});

describe('passes', () => {
  it('is so for what a server that starts, a socket and a name server fail with', () => {
    for (const code of ['57P03', '53300', 'ECONNRESET', 'ETIMEDOUT', 'EAI_AGAIN', 'ESERVFAIL']) {
      expect(passes(coded(code)), code).to.equal(true);
    }
  });

  it('is so for HTTP 429 and 5xx, and for no other status', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), (httpStatusCode) => {
        const error = Object.assign(new Error('no'), { $metadata: { httpStatusCode } });
        expect(passes(error)).to.equal(httpStatusCode === 429 || httpStatusCode >= 500);
      })
    );
  });

  it('is so for what an SDK calls retryable', () => {
    expect(passes(Object.assign(new Error('slow down'), { $retryable: { throttling: true } }))).to.equal(true);
    expect(passes(Object.assign(new Error('slow down'), { $retryable: undefined }))).to.equal(false);
  });

  it('is not so for an OperatorError, whatever it was caused by', () => {
    const error = new OperatorError('recovery-failed', 'No.', { hint: 'None.', cause: REFUSED });
    expect(passes(Object.assign(error, { code: 'ECONNREFUSED' }))).to.equal(false);
  });
});
