import { expect } from 'chai';
import fc from 'fast-check';
import { commitWindow } from '../../../automation/recovery/commit-window';
import type { JournalEntry } from '../../../automation/recovery/journal';
import { activeBy, cutoverOf, CUT_OVER_AT, headerOf } from './a-run';

const DURING = new Date('2026-11-24T03:15:00.000Z');
const active = activeBy('run-1');

describe('commitWindow', () => {
  it('is open after a planned move, until the configured time after what was observed', () => {
    for (const mode of ['switchover', 'failback'] as const) {
      expect(commitWindow(headerOf('run-1', mode), [cutoverOf('run-1')], { now: DURING, active })).to.deep.equal({
        kind: 'open',
        until: '2026-11-24T03:20:00.000Z',
      });
    }
  });

  it('has nothing to go back to after an unplanned one, at whatever time', () => {
    for (const now of [DURING, new Date('2027-01-01T00:00:00Z')]) {
      const window = commitWindow(headerOf('run-1', 'recovery'), [cutoverOf('run-1')], { now, active });
      expect(window).to.deep.equal({ kind: 'nothing-to-go-back-to' });
    }
  });

  const over: JournalEntry = { kind: 'over', at: CUT_OVER_AT, how: 'rolled-back' };
  const removed: JournalEntry = { kind: 'stack-removed', at: CUT_OVER_AT };
  const unmoved: JournalEntry = {
    kind: 'step-done',
    step: 'cutover',
    at: CUT_OVER_AT,
    result: { moved: false, reason: 'a drill' },
  };
  for (const [what, entries, serves] of [
    ['before the cutover', [], active],
    ['where nothing was moved', [unmoved], active],
    ['once it was rolled back', [cutoverOf('run-1'), over], active],
    ['once what it made is removed', [cutoverOf('run-1'), removed], active],
    ['when a later run moved traffic on', [cutoverOf('run-1')], activeBy('run-2', 2)],
    ['when the config knows of no cutover', [cutoverOf('run-1')], undefined],
  ] as const) {
    it(`is none ${what}`, () => {
      const window = commitWindow(headerOf('run-1'), entries, { now: DURING, active: serves });
      expect(window).to.deep.equal({ kind: 'none' });
    });
  }

  it('commits by the passing of time alone, once, at one moment and for good; with 0 at once', () => {
    const cutOverAt = Date.parse(CUT_OVER_AT);
    fc.assert(
      fc.property(fc.nat({ max: 86_400 }), fc.nat({ max: 200_000_000 }), (commitAfterSeconds, milliseconds) => {
        const header = headerOf('run-1', 'switchover', commitAfterSeconds);
        const now = new Date(cutOverAt + milliseconds);
        const end = new Date(cutOverAt + commitAfterSeconds * 1000).toISOString();

        expect(commitWindow(header, [cutoverOf('run-1')], { now, active })).to.deep.equal(
          milliseconds < commitAfterSeconds * 1000 ? { kind: 'open', until: end } : { kind: 'committed', since: end }
        );
      })
    );
  });
});
