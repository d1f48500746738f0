import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { reportJsonSchema } from '../../automation/report/json-schema';
import { recoveryReportSchema } from '../../automation/report/schema';
import { exampleReport } from './example';

const COMMITTED = path.join(__dirname, '../../docs/reference/report.schema.json');

describe('report schema', () => {
  it('takes back what it wrote', () => {
    const report = exampleReport();
    expect(recoveryReportSchema.parse(JSON.parse(JSON.stringify(report)))).to.deep.equal(report);
  });

  it('gives every instant milliseconds', () => {
    expect(exampleReport({ startedAt: '2026-11-24T11:40:03Z' }).startedAt).to.equal('2026-11-24T11:40:03.000Z');
  });

  it('drops what it does not name', () => {
    const parsed = recoveryReportSchema.parse({ ...exampleReport(), databasePassword: 'hunter2' });
    expect(JSON.stringify(parsed)).not.to.include('hunter2');
  });

  it('refuses a failure without its reason, and a reason without a failure', () => {
    const failure = { step: 'health', message: 'no answer', hint: 'look at the log' };
    expect(recoveryReportSchema.safeParse({ ...exampleReport(), result: 'failed' }).success).to.equal(false);
    expect(recoveryReportSchema.safeParse({ ...exampleReport(), failure }).success).to.equal(false);
    expect(recoveryReportSchema.safeParse({ ...exampleReport(), result: 'failed', failure }).success).to.equal(true);
  });

  it('refuses a check that was left out without saying why', () => {
    const checks = [{ id: 'cron', title: 'Cron', status: 'not-checked', evidence: '' }];
    expect(recoveryReportSchema.safeParse({ ...exampleReport(), checks }).success).to.equal(false);
  });

  it('refuses a span said to be measured that has no value', () => {
    const { rtoParts } = exampleReport();
    const parts = { ...rtoParts, driverSeconds: { source: 'measured', value: null } };
    expect(recoveryReportSchema.safeParse({ ...exampleReport(), rtoParts: parts }).success).to.equal(false);
  });

  it('is documented as it is: `npx tsx automation/report/json-schema.ts` writes the file anew', () => {
    const committed: unknown = JSON.parse(readFileSync(COMMITTED, 'utf8'));
    expect(JSON.parse(JSON.stringify(reportJsonSchema()))).to.deep.equal(committed);
  });
});
