import { expect } from 'chai';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { analyseJournal, type ClientOutage } from '../../automation/rehearsal/client/analyse';
import { Journal, readJournal, type JournalEvent } from '../../automation/rehearsal/client/journal';

const START = Date.UTC(2026, 0, 1);
const instant = (second: number): string => new Date(START + second * 1000).toISOString();

/** Events from a line such as `0a 1f 2b`: a second, then a write or search answered at `a` or `b`, a failure or a token. */
function journal(line: string): JournalEvent[] {
  return line
    .split(' ')
    .filter((word) => word !== '')
    .map((word): JournalEvent => {
      const second = Number.parseFloat(word);
      const moment = { at: instant(second), monotonicMs: second * 1000 };
      const mark = word.at(-1) ?? '';
      const resource = { resourceType: 'Observation', id: `id-${second}` };
      switch (mark) {
        case 'f':
          return { kind: 'failed', ...moment, reason: 'refused', address: null };
        case 't':
          return { kind: 'token', ...moment, address: 'a' };
        case 'r':
          return { kind: 'read', ...moment, ...resource, found: true, address: 'b' };
        default:
          return { kind: 'acknowledged', ...moment, ...resource, versionId: `version-${second}`, address: mark };
      }
    });
}

describe("the client's outage", () => {
  const over = (
    lastGood: number | null,
    firstFailure: number,
    firstGood: number,
    downtimeSeconds: number
  ): ClientOutage => ({
    kind: 'over',
    lastGoodAt: lastGood === null ? null : instant(lastGood),
    firstFailureAt: instant(firstFailure),
    firstGoodAt: instant(firstGood),
    downtimeSeconds,
  });
  const lasting = (lastGood: number | null, firstFailure: number, downtimeSeconds: number): ClientOutage => ({
    kind: 'lasting',
    lastGoodAt: lastGood === null ? null : instant(lastGood),
    firstFailureAt: instant(firstFailure),
    firstGoodAt: null,
    downtimeSeconds,
  });
  const cases: readonly [string, string, ClientOutage, boolean][] = [
    ['nothing failed', '0a 1a 9a', { kind: 'none' }, true],
    ['nothing happened', '', { kind: 'none' }, false],
    ['an outage in between', '0a 1a 2f 3f 7b 8b', over(1, 2, 7, 6), true],
    ['a search as first good answer', '0a 1f 4r 5b', over(0, 1, 4, 4), true],
    ['a new token is no good answer', '0a 1f 4t 5f 6t 7b', over(0, 1, 7, 7), true],
    ['the longest of two', '0a 1f 2a 3f 9a', over(2, 3, 9, 7), true],
    ['a single failure at the end does not hide it', '0a 1f 9b 10f', over(0, 1, 9, 9), false],
    ['no answer any more', '0a 1f 9f', lasting(0, 1, 9), false],
    ['never an answer', '2f 9f', lasting(null, 2, 7), false],
    ['nothing worked before', '2f 9a', over(null, 2, 9, 7), true],
  ];
  for (const [name, line, outage, answeredAtEnd] of cases) {
    it(name, () => {
      expect(analyseJournal(journal(line))).to.deep.include({ outage, answeredAtEnd });
    });
  }
});

describe("the client's journal", () => {
  it('tells addresses in order, what was acknowledged, failures and tokens', () => {
    const analysis = analyseJournal(journal('0t 1a 2a 3f 4t 5b 6b'));

    expect(analysis.addresses).to.deep.equal([
      { at: instant(1), address: 'a' },
      { at: instant(5), address: 'b' },
    ]);
    expect(analysis.acknowledged.map(({ versionId }) => versionId)).to.deep.equal([
      'version-1',
      'version-2',
      'version-5',
      'version-6',
    ]);
    expect(analysis).to.deep.include({ failures: 1, tokens: 2 });
  });

  describe('file', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'medplum-dr-test-'));
    const file = path.join(folder, 'journal.jsonl');

    after(() => {
      rmSync(folder, { recursive: true });
    });

    it('has each event once it is written, and loses only half a last line', () => {
      const written = new Journal(file);
      written.write({ kind: 'resolved', address: '127.0.0.2', ttl: 5 });
      appendFileSync(file, '{"kind":"fai');

      const [event, ...others] = readJournal(file);

      expect(event).to.include({ kind: 'resolved', address: '127.0.0.2', ttl: 5 });
      expect(Math.abs(Date.parse(event?.at ?? '') - Date.now())).to.be.below(10_000);
      expect(others).to.deep.equal([]);
    });

    it('refuses a line in between that is no event', () => {
      appendFileSync(file, 'led"}\n');

      expect(() => readJournal(file)).to.throw();
    });
  });
});
