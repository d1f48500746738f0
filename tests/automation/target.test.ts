import { expect } from 'chai';
import { newRunId } from '../../automation/recovery/recover';
import { instantOf, parseTarget } from '../../automation/recovery/target';
import { OperatorError } from '../../components/errors';

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

describe('parseTarget', () => {
  for (const [text, target] of [
    ['latest', { kind: 'latest' }],
    ['2026-01-02T03:04:05Z', { kind: 'time', at: '2026-01-02T03:04:05.000Z' }],
    ['2026-01-02T03:04:05.678+02:00', { kind: 'time', at: '2026-01-02T01:04:05.678Z' }],
    ['base-20260102T030405000Z', { kind: 'point', id: 'base-20260102T030405000Z' }],
    ['Latest', { kind: 'point', id: 'Latest' }],
  ] as const) {
    it(`takes ${text} for ${JSON.stringify(target)}`, () => {
      expect(parseTarget(text)).to.deep.equal(target);
    });
  }

  for (const text of [
    '2026-01-02',
    '2026-01-02T03:04Z',
    '2026-01-02T03:04:05',
    '2026-02-30T03:04:05Z',
    '2026-01-02 03:04:05Z',
    '2026-01-02T25:00:00Z',
  ]) {
    it(`refuses ${text}, which is no instant with a time zone, and shows one`, () => {
      const error = thrownBy(() => parseTarget(text));

      expect(error).to.be.instanceOf(OperatorError).with.property('kind', 'bad-input');
      expect(error).to.have.property('message').that.includes(text);
      expect(error).to.have.property('hint').that.includes('2026-11-24T03:15:00Z');
    });
  }

  it('refuses a moment in the future', () => {
    const error = thrownBy(() => parseTarget(new Date(Date.now() + 60_000).toISOString()));

    expect(error).to.be.instanceOf(OperatorError).with.property('message').that.includes('lies in the future');
  });
});

describe('instantOf', () => {
  it('gives the instant, and null for what would be another one elsewhere', () => {
    expect(instantOf('2026-01-02T03:04:05Z')).to.deep.equal(new Date(Date.UTC(2026, 0, 2, 3, 4, 5)));
    expect(instantOf('2026-01-02T03:04:05')).to.equal(null);
    expect(instantOf('yesterday')).to.equal(null);
  });
});

describe('newRunId', () => {
  it('sorts by time and differs within one second', () => {
    const at = new Date('2026-11-24T09:08:07.654Z');
    const ids = Array.from({ length: 8 }, () => newRunId(at));

    expect(ids[0]).to.match(/^20261124-090807-[0-9a-f]{4}$/);
    expect(new Set(ids).size).to.be.above(1);
    expect(newRunId(new Date('2026-11-24T09:08:08Z')) > (ids.sort().at(-1) ?? '')).to.equal(true);
  });
});
