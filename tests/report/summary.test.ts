import { expect } from 'chai';
import { summarise } from '../../automation/report/summary';
import { bareReport, exampleReport, failedReport } from './example';

describe('report summary', () => {
  it('says in plain lines what a run came to', () => {
    const lines = summarise(exampleReport());
    expect(lines[0]).to.equal('Recovered in 41.3 s; 1.2 s of writes lost (14 acknowledged writes)');
    expect(lines).to.include('Recovery time:    41.3 s, objective 5 min: met');
    expect(lines).to.include('Checks:           6 passed, 0 failed, 1 not checked (Scheduled bots are back)');
    expect(lines).to.include('Application:      the stand-in, not a Medplum server');
    expect(lines.every((line) => !/[\n\u001b]/.test(line))).to.equal(true);
  });

  it('puts the reason and the next step of a failed run first', () => {
    const lines = summarise(failedReport());
    expect(lines[1]).to.equal('Why:              The new endpoint answered 500 three times.');
    expect(lines[2]).to.match(/^Next: .*resume drill-1$/);
    expect(lines).to.include('Recovery time:    not measured, objective 5 min: not reached');
  });

  it('claims nothing of what was not measured', () => {
    expect(summarise(bareReport()).join('\n')).to.include('not measured, objective 60 s: not measured');
  });

  it('tells what a copy was kept from, and a count of nothing from no count', () => {
    const blocked = [
      { target: 'mail.example.com:25', attempts: 1200 },
      { target: '127.0.0.2:8103', attempts: 1 },
    ];
    const text = (quarantine: { blocked: typeof blocked | null } | null): string =>
      summarise(exampleReport({ quarantine })).find((line) => line.startsWith('Quarantine')) ?? 'no line';
    expect(text({ blocked })).to.equal(
      'Quarantine:       1,201 attempts blocked: mail.example.com:25 (1,200), 127.0.0.2:8103 (1)'
    );
    expect(text({ blocked: [] })).to.equal('Quarantine:       the copy tried to reach nothing outside itself');
    expect(text({ blocked: null })).to.equal('Quarantine:       what the copy tried to reach was not counted');
    expect(text(null)).to.equal('no line');
  });
});
