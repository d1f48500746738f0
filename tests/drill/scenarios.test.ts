import { expect } from 'chai';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { STEPS_OF } from '../../automation/recovery/results';
import { processesNaming } from '../../automation/rehearsal/destroy-site';
import { recoveryReportSchema, type RecoveryReport } from '../../automation/report/schema';
import { medplumDr, type Ended } from './command-line';
import { makeFolder, removeFolder } from './folder';

const RESOURCES = 2000;

for (const scenario of ['site-loss', 'bad-write', 'corrupt-backup'] as const) {
  describe(`medplum-dr drill --scenario ${scenario}`, function () {
    this.timeout(240_000);
    let folder: string;
    let ended: Ended;
    let report: RecoveryReport;

    before(async () => {
      folder = await makeFolder();
      const args = ['drill', '--scenario', scenario, '--resources', String(RESOURCES), '--json'];
      ended = await medplumDr(args, { folder });
      expect(ended.exitCode, ended.stderr).to.equal(0);
      report = recoveryReportSchema.parse(JSON.parse(ended.stdout));
    });
    after(() => removeFolder(folder));

    it('recovers by every step in order, within its objectives', () => {
      const { steps, objectives, achieved } = report;

      expect(report).to.include({ mode: 'drill', scenario, result: 'recovered', failure: null });
      expect(report).to.include({ environment: 'rehearsal', isStandIn: true });
      expect(report.sites).to.deep.equal({ from: 'site-a', to: 'site-b' });
      expect(steps.map(({ id, status }) => `${id} ${status}`)).to.deep.equal(STEPS_OF.drill.map((id) => `${id} done`));
      const instants = steps.flatMap(({ startedAt, endedAt }) => [startedAt, endedAt]);
      expect(instants).to.not.include(null);
      expect(instants).to.deep.equal([...instants].sort());
      for (const { id, budgetSeconds } of steps) {
        expect(budgetSeconds, id).to.be.greaterThan(0);
      }
      expect(objectives).to.deep.equal({ rtoSeconds: 300, rpoSeconds: 60 });
      expect(achieved.rtoSeconds).to.be.within(1, objectives.rtoSeconds);
      expect(achieved.rpoSeconds).to.be.within(0, objectives.rpoSeconds);
      expect(achieved.rpoSeconds).to.equal(Math.max(achieved.databaseRpoSeconds!, achieved.objectsRpoSeconds!));
    });

    it('measures what the client saw', () => {
      const { achieved, rtoParts, moments } = report;

      expect(achieved.clientDowntimeSeconds).to.be.within(0.5, 300);
      expect(achieved.acknowledgedWritesLost).to.be.a('number');
      expect(rtoParts.clientSeenSeconds).to.deep.equal({ source: 'measured', value: achieved.clientDowntimeSeconds });
      expect(rtoParts.driverSeconds.source).to.equal('measured');
      expect(moments.firstGoodAnswerAt! > moments.outageAt!, 'answers after the loss').to.equal(true);
      expect(report.traffic).to.include({ before: '127.0.0.2', after: '127.0.0.3' });
      expect(report.whatClientsSee.join(' '))
        .to.include(`${achieved.acknowledgedWritesLost} of `)
        .and.include('401')
        .and.include('resend');
    });

    it('has every check passed, with its evidence', () => {
      const ids = report.checks.map((check) => check.id);

      expect(report.checks.filter((check) => check.status !== 'passed')).to.deep.equal([]);
      expect(report.checks.filter((check) => check.evidence === '')).to.deep.equal([]);
      expect(ids).to.include.members([
        ...['database-writable', 'schema-version', 'signing-keys', 'resource-counts', 'binaries', 'cron-reloaded'],
        ...['health-endpoint', 'server-version', 'sample-search', 'write-read-back', 'endpoint-by-name'],
        ...['drill-removed', 'recovery-site', 'state-backend', 'name-server'],
      ]);
      expect(new Set(ids).size, 'no check twice').to.equal(ids.length);
    });

    it('shows its progress on standard error, and in plain lines', () => {
      expect(ended.stderr).to.include(`Filling it with ${RESOURCES} FHIR resources`);
      expect(ended.stderr).to.include('stand-in');
      expect(ended.stderr).to.match(/Restore and provision: done in [\d.]+ s/);
      // No colours and no cursor movements where there is no terminal.
      expect(ended.stderr).to.not.match(/\u001b\[/);
    });

    it('writes the report as JSON and as one page that needs nothing else', async () => {
      const reports = path.join(folder, 'reports', report.id);
      const json: unknown = JSON.parse(await readFile(path.join(reports, 'report.json'), 'utf8'));
      const html = await readFile(path.join(reports, 'report.html'), 'utf8');

      expect(json).to.deep.equal(report);
      expect(html).to.include(report.id).and.include('<svg');
      expect(html).to.not.match(/<(script|link|img|iframe)[^>]+(src|href)=(?!["']?data:)/i);
      expect(html).to.not.match(/(@import|url\()\s*['"]?https?:/i);
    });

    it('leaves nothing behind', async () => {
      expect(report.leftBehind).to.deep.equal([]);
      expect(await processesNaming(folder)).to.deep.equal([]);
      expect(await readdir(folder)).to.deep.equal(['reports']);
    });

    if (scenario === 'site-loss' || scenario === 'corrupt-backup') {
      it('is noticed by the monitoring', () => {
        const { detectionSeconds, decisionSeconds } = report.rtoParts;
        expect(detectionSeconds.source).to.equal('measured');
        expect(detectionSeconds.value).to.be.within(0, 60);
        expect(decisionSeconds.source).to.equal('measured');
        expect(report.moments.detectedAt! >= report.moments.outageAt!).to.equal(true);
        expect(report.fence.state).to.equal('unreachable');
      });
    }

    if (scenario === 'bad-write') {
      it('brings the deleted patients back, from the moment before', () => {
        const undone = report.checks.find((check) => check.id === 'bad-write-undone');
        const deleted = Number(/(\d+) patients are deleted/.exec(ended.stderr)?.[1]);
        expect(deleted).to.be.within(50, 100);
        expect(undone?.evidence).to.equal(`${deleted} of ${deleted} deleted patients are there again`);
        expect(report.recoveryPoint).to.include({ kind: 'continuous', time: report.moments.outageAt });
        expect(report.recoveryPoint?.skipped).to.deep.equal([]);
        expect(report.fence.state).to.equal('fenced');
      });
    }

    if (scenario === 'corrupt-backup') {
      it('skips the damaged base backup and says so', () => {
        const damaged = /One bit of base backup (\S+) is flipped/.exec(ended.stderr)?.[1] ?? 'none';
        const skipped = report.recoveryPoint?.skipped ?? [];
        const named = skipped.find((point) => point.id === damaged);

        expect(named?.reasons.join('; ')).to.match(/checksum|damaged/i);
        expect(report.recoveryPoint?.baseBackupId).to.not.equal(damaged);
        expect(ended.stderr).to.match(new RegExp(`Warning: Skipped .*${damaged}: `));
        expect(report.warnings.join('\n')).to.include(damaged);
      });
    }
  });
}
