import { expect } from 'chai';
import fc from 'fast-check';
import { durationSchema } from '../../components/duration';

const SECONDS = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400 } as const;

describe('duration', () => {
  for (const [text, seconds] of [
    ['500ms', 0.5],
    ['90s', 90],
    ['5m', 300],
    ['1.5h', 5400],
    ['7d', 604800],
    [' 1m ', 60],
  ] as const) {
    it(`reads "${text}" as ${seconds} seconds`, () => {
      expect(durationSchema.parse(text)).to.equal(seconds);
    });
  }

  for (const text of ['', 'soon', '5', 'm', '-5m', '5 m', '5min', '1h30m', '5M', '.5h', '1e3s', 'PT5M', 'Infinitys']) {
    it(`refuses "${text}" by naming it, and shows how to write one`, () => {
      const { error } = durationSchema.safeParse(text);
      expect(error?.issues.map(({ message }) => message)).to.deep.equal([
        `"${text}" is not a duration: write a number and its unit, such as 500ms, 90s, 5m or 1h`,
      ]);
    });
  }

  it('reads any whole number above 0 of any unit', () => {
    const units = fc.constantFrom(...(Object.keys(SECONDS) as (keyof typeof SECONDS)[]));
    fc.assert(
      fc.property(fc.integer({ min: 1 }), units, (amount, unit) => {
        expect(durationSchema.parse(`${amount}${unit}`)).to.equal(amount * SECONDS[unit]);
      })
    );
  });

  it('gives a finite number of seconds above 0, or a problem, for any text', () => {
    const almost = fc.stringMatching(/^[0-9.smhd -]{0,8}$/);
    fc.assert(
      fc.property(fc.oneof(fc.string(), almost), (text) => {
        const { success, data } = durationSchema.safeParse(text);
        expect(!success || (Number.isFinite(data) && data > 0)).to.equal(true);
      })
    );
  });
});
