import { expect } from 'chai';
import { countText, objectiveOutcome, sizeText, spanText, verdictText } from '../../automation/report/wording';
import { exampleReport, failedReport } from './example';

describe('report wording', () => {
  const spans: [number | null, string][] = [
    [null, 'not measured'],
    [0, '0 s'],
    [0.35, '0.35 s'],
    [41.26, '41.3 s'],
    [119.94, '119.9 s'],
    [120, '2 min'],
    [125.4, '2 min 5 s'],
    [3599.6, '1 h'],
    [4320, '1 h 12 min'],
    [270_000, '3 d 3 h'],
  ];
  for (const [seconds, text] of spans) {
    it(`reads ${seconds} seconds as "${text}"`, () => {
      expect(spanText(seconds)).to.equal(text);
    });
  }

  const losses: [number | null, number | null, string][] = [
    [1.2, 14, '1.2 s of writes lost (14 acknowledged writes)'],
    [1.2, 1, '1.2 s of writes lost (1 acknowledged write)'],
    [1.2, null, '1.2 s of writes lost'],
    [1.2, 0, 'no acknowledged write lost'],
    [null, 3, '3 acknowledged writes lost'],
    [null, null, 'what was lost was not measured'],
  ];
  for (const [rpoSeconds, acknowledgedWritesLost, text] of losses) {
    it(`tells the loss: ${text}`, () => {
      const achieved = { ...exampleReport().achieved, rpoSeconds, acknowledgedWritesLost };
      expect(verdictText(exampleReport({ achieved }))).to.equal(`Recovered in 41.3 s; ${text}`);
    });
  }

  it('holds a hair over the objective for a miss, and the objective itself for met', () => {
    const at = (rtoSeconds: number) => exampleReport({ achieved: { ...exampleReport().achieved, rtoSeconds } });
    expect(objectiveOutcome(at(300), 'rtoSeconds')).to.equal('met');
    expect(objectiveOutcome(at(300.001), 'rtoSeconds')).to.equal('missed');
    expect(objectiveOutcome(failedReport(), 'rpoSeconds')).to.equal('not-reached');
  });

  it('says where a cancelled run stopped', () => {
    const failure = { step: 'cutover', message: 'Cancelled by the operator', hint: 'Run it again with the same id' };
    expect(verdictText(exampleReport({ result: 'cancelled', failure }))).to.include('cancelled at “Cutover”');
  });

  it('reads sizes and counts', () => {
    expect([null, 0, 999, 1500, 412_480_000].map(sizeText)).to.deep.equal([
      'size not known',
      '0 B',
      '999 B',
      '1.5 kB',
      '412 MB',
    ]);
    expect(countText(0, 'point')).to.equal('no points');
  });
});
