import { expect } from 'chai';
import { compareReleases, releaseOf, sameRelease } from '../../medplum/versions';

describe('Medplum server versions', () => {
  it('are the same release whatever the commit', () => {
    expect(releaseOf('5.0.10-6a4145c')).to.equal('5.0.10');
    expect(sameRelease('5.0.10-6a4145c', '5.0.10-515c26d74')).to.equal(true);
    expect(sameRelease('5.0.10', '5.0.1')).to.equal(false);
  });

  for (const [older, newer] of [
    ['5.0.9', '5.0.10-6a4145c'],
    ['4.12.3', '5.0.0'],
    ['5.1', '5.1.1'],
  ] as const) {
    it(`${older} is older than ${newer}`, () => {
      expect(compareReleases(older, newer)).to.be.below(0);
      expect(compareReleases(newer, older)).to.be.above(0);
      expect(compareReleases(newer, newer)).to.equal(0);
    });
  }

  it('refuses what is no version', () => {
    expect(() => compareReleases('latest', '5.0.0')).to.throw(RangeError, '"latest"');
  });
});
