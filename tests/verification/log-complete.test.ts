import { expect } from 'chai';
import { logComplete } from '../../automation/verification/log-complete';

const RESTORED = { backup: 'base-1', skipped: [], replayedTo: '0/5000060', shortfall: null };

describe('log-complete', () => {
  it('passes when nothing was left out', () => {
    expect(logComplete(RESTORED)).to.include({ status: 'passed' });
  });

  it('fails with what is missing', () => {
    const shortfall = 'segment 000000010000000000000007 is missing';

    expect(logComplete({ ...RESTORED, shortfall })).to.include({ status: 'failed', evidence: shortfall });
  });

  it('is not checked on a database that was not restored', () => {
    expect(logComplete(null)).to.include({ status: 'not-checked' });
  });
});
