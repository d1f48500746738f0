import { expect } from 'chai';
import { judged, notChecked } from '../../automation/verification/check';
import { requirePassed } from '../../automation/verification/required';
import { OperatorError } from '../../components/errors';

const counts = { id: 'resource-counts', title: 'Counts' };
const search = { id: 'sample-search', title: 'Search' };
const NONE: ReadonlySet<string> = new Set();

function thrownBy(run: () => void): unknown {
  try {
    run();
    return null;
  } catch (error) {
    return error;
  }
}

describe('requirePassed', () => {
  for (const [what, checks, accepted] of [
    ['nothing failed', [judged(counts, true, 'as recorded'), judged(search, true, 'found')], NONE],
    ['a check that is not required was not made', [notChecked(search, 'no client')], NONE],
    ['the failed check was accepted', [judged(search, false, 'nothing')], new Set(['sample-search'])],
    ['the required check that was not made was accepted', [notChecked(counts, 'none')], new Set(['resource-counts'])],
  ] as const) {
    it(`goes on when ${what}`, () => {
      expect(
        thrownBy(() => {
          requirePassed(checks, accepted, 'Mend it.');
        })
      ).to.equal(null);
    });
  }

  it('stops for failed checks and for required ones that were not made, and lists them all', () => {
    const checks = [judged(search, false, 'search gave nothing'), notChecked(counts, 'nothing was recorded')];

    const error = thrownBy(() => {
      requirePassed(checks, new Set(['another']), 'Mend it.');
    });

    expect(error).to.be.instanceOf(OperatorError).with.property('kind', 'recovery-failed');
    expect(error).to.have.deep.property('problems', [
      'Search (sample-search): search gave nothing',
      'Counts (resource-counts): not checked, nothing was recorded',
    ]);
    expect(error).to.have.property('hint').that.includes('--accept-check sample-search --accept-check resource-counts');
  });

  it('stops for the other one when only one was accepted', () => {
    const checks = [judged(search, false, 'nothing'), judged(counts, false, 'fewer')];

    const error = thrownBy(() => {
      requirePassed(checks, new Set(['sample-search']), 'Mend it.');
    });

    expect(error).to.have.deep.property('problems', ['Counts (resource-counts): fewer']);
  });
});
