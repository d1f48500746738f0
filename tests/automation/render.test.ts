import { expect } from 'chai';
import { mock } from 'node:test';
import { renderProgress } from '../../automation/progress/render';
import type { RecoveryEvent } from '../../automation/events';

const at = '2026-11-24T00:00:00.000Z';
const RUN: readonly RecoveryEvent[] = [
  { kind: 'run-started', at, id: 'run-1', mode: 'drill', environment: 'clinic' },
  { kind: 'step-started', at, step: 'fence', title: 'Fence the old primary', budgetSeconds: 30 },
  { kind: 'step-waiting', at, step: 'fence', waitingFor: 'site a' },
  { kind: 'check', at, step: 'fence', check: { id: 'a', title: 'A', status: 'passed', evidence: 'seen' } },
  { kind: 'check', at, step: 'fence', check: { id: 'b', title: 'B', status: 'failed', evidence: 'not seen' } },
  {
    kind: 'check',
    at,
    step: 'fence',
    check: { id: 'c', title: 'C', status: 'not-checked', evidence: '', reason: 'no client' },
  },
  { kind: 'warning', at, text: 'two writers' },
  { kind: 'note', at, text: 'a note' },
  { kind: 'resource', at, step: 'fence', name: 'medplum-database', type: 'x', state: 'done' },
  { kind: 'step-finished', at, step: 'fence', status: 'failed', seconds: 1.25, summary: 'it still writes' },
  { kind: 'run-finished', at, result: 'failed', reportDirectory: '/reports/run-1' },
];

class Output {
  text = '';
  readonly isTTY: boolean;
  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

async function* replay(events: readonly RecoveryEvent[]): AsyncGenerator<RecoveryEvent> {
  for (const event of events) {
    yield await Promise.resolve(event);
  }
}

describe('renderProgress', () => {
  it('writes plain lines where there is no terminal', async () => {
    const output = new Output(false);

    await renderProgress(replay(RUN), output);

    const lines = output.text.split('\n').map((line) => line.replace(/^ *[\d.]+ s {2}/, ''));
    expect(lines).to.deep.equal([
      'Drill run-1 of environment clinic',
      'Fence the old primary (budget 30 s)',
      '  passed A: seen',
      '  failed B: not seen',
      '  not checked C: no client',
      'Warning: two writers',
      'a note',
      'Fence the old primary: failed in 1.25 s. it still writes',
      '',
    ]);
    expect(output.text).not.to.match(/[\r\x1b]/);
  });

  describe('while a step goes on', () => {
    beforeEach(() => {
      mock.timers.enable({ apis: ['setInterval'] });
    });
    afterEach(() => {
      mock.timers.reset();
    });

    /** A run whose step goes on for a while, and then ends or breaks off. */
    async function* stepFor(milliseconds: number, budgetSeconds: number): AsyncGenerator<RecoveryEvent> {
      yield { kind: 'step-started', at, step: 'fence', title: 'Fence', budgetSeconds };
      yield { kind: 'step-waiting', at, step: 'fence', waitingFor: 'site a' };
      mock.timers.tick(milliseconds);
      yield await Promise.resolve<RecoveryEvent>({ kind: 'note', at, text: 'a note' });
    }

    it('a terminal has one line that changes in place: the time, the budget and what is waited for', async () => {
      const output = new Output(true);

      await renderProgress(stepFor(200, 30), output);

      const inPlace = output.text.split('\r\x1b[K').filter((line) => line.includes('site a'));
      expect(inPlace).to.have.lengthOf(2);
      expect(inPlace[0]).to.match(/Fence {2}[\d.]+ s of 30 s {2}site a$/);
      expect(output.text).to.match(/\r\x1b\[K[^\r]*a note\n$/);
    });

    it('a terminal says when it is over its budget', async () => {
      const output = new Output(true);

      await renderProgress(stepFor(100, 0), output);

      expect(output.text).to.include('over budget');
    });

    it('other outputs have a line now and then', async () => {
      const output = new Output(false);

      await renderProgress(stepFor(9_999, 30), output);
      expect(output.text).not.to.include('site a');
      await renderProgress(stepFor(20_000, 0), output);

      expect(output.text.match(/Fence: [\d.]+ s of 0 s, over budget; waiting for site a\n/g)).to.have.lengthOf(2);
    });

    it('the clock stops when the events break off', async () => {
      const output = new Output(true);
      const breaks = async function* (): AsyncGenerator<RecoveryEvent> {
        yield* stepFor(100, 30);
        throw new Error('broken');
      };

      const error = await renderProgress(breaks(), output).catch((failure: unknown) => failure);
      const written = output.text;
      mock.timers.tick(1000);

      expect(error).to.have.property('message', 'broken');
      expect(output.text).to.equal(written);
    });
  });
});
