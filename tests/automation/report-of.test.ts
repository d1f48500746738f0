import { expect } from 'chai';
import { reportOf, type ReportInput } from '../../automation/recovery/report-of';
import { STEPS_OF, type StepResults } from '../../automation/recovery/results';
import type { RunHeader } from '../../automation/recovery/journal';
import { recoveryReportSchema, type RecoveryReport } from '../../automation/report/schema';
import { judged, notChecked } from '../../automation/verification/check';
import { OperatorError } from '../../components/errors';
import { loadEnvironment } from '../../components/program';
import { steps } from '../../automation/steps';
import { ACTIVE_AT_B, committedConfig, PROJECT } from '../components/local-environment';

const START = Date.parse('2026-11-24T12:00:00.000Z');
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

const HEADER: RunHeader = {
  id: 'run-1',
  mode: 'recovery',
  takesTraffic: true,
  environment: 'local-primary',
  servingStack: 'local-primary',
  previous: null,
  commitAfterSeconds: 600,
  target: { kind: 'latest' },
  recoveryStack: 'local-primary-run-1',
  startedAt: at(20),
  lostAt: at(0),
  overrides: ['check:binaries'],
};

const counts = { id: 'resource-counts', title: 'Counts' };
const reached = { id: 'endpoint-by-name', title: 'By name' };

const RESULTS: Omit<StepResults, 'drain' | 'protect'> = {
  preflight: {
    findings: [{ id: 'disk-space', status: 'not-checked', reason: 'no such call here' }],
    outage: { lastGoodAt: at(-1), firstFailureAt: at(1), detectedAt: at(4) },
    record: '127.0.0.2',
  },
  'recovery-point': {
    recoveryPoint: 'latest-from-base-2',
    kind: 'continuous',
    time: at(-2),
    place: '/b/replica',
    sizeBytes: 100,
    skipped: [{ id: 'base-3', reasons: ['a file is missing'] }],
    recorded: null,
    source: {},
  },
  fence: { state: 'unreachable', detail: 'gone' },
  'recovery-stack': {
    stack: 'local-primary-run-1',
    outputs: {
      siteEndpoint: { address: '127.0.0.3', port: 8103 },
      database: {
        host: '127.0.0.1',
        port: 1,
        name: 'medplum',
        username: 'medplum',
        passwordSecret: 'databasePassword',
        restoredFrom: {
          backup: 'base-1',
          skipped: [{ id: 'base-2', reasons: ['checksum'] }],
          replayedTo: null,
          shortfall: null,
        },
      },
      cache: null,
      binaryStorage: 'file:/b',
      secretsLocation: '/b/secrets',
    },
    resources: [{ name: 'medplum-database', type: 'x', startedAt: at(22), endedAt: at(25) }],
  },
  'verify-data': {
    checks: [judged(counts, true, 'as recorded')],
    newestWriteAt: at(-3),
    newestObjectAt: at(-7.5),
    missingObjects: 1,
    postgresqlVersion: '16.14',
  },
  'application-recovery': {
    checks: [judged({ id: 'cron-reloaded', title: 'Cron' }, true, 'completed')],
    notes: ['queues are empty'],
  },
  health: { checks: [], serverVersion: '5.0.10', newestWriteAt: at(46) },
  cutover: {
    moved: true,
    active: ACTIVE_AT_B,
    before: '127.0.0.2',
    after: '127.0.0.3',
    observedAt: at(50),
    checks: [judged(reached, true, 'answers 200')],
    resources: [{ name: 'medplum-record', type: 'y', startedAt: at(48), endedAt: at(49) }],
  },
};

const STEPS = STEPS_OF.recovery.map((id) => ({
  id,
  title: steps[id].title,
  status: 'done' as const,
  startedAt: at(21),
  endedAt: at(45),
  budgetSeconds: steps[id].budgetSeconds,
  attempts: 1,
  waitedFor: id === 'fence' ? 'the site' : null,
}));

const RECOVERED: ReportInput = {
  header: HEADER,
  outcome: { result: 'recovered', failure: null, steps: STEPS, results: RESULTS },
  environment: loadEnvironment(committedConfig(), { projectDirectory: PROJECT, stack: 'local-primary' }),
  scenario: null,
  after: {
    client: {
      downtimeSeconds: 51,
      firstGoodAnswerAt: at(51),
      acknowledgedWrites: 100,
      acknowledgedWritesLost: 7,
    },
    checks: [],
    notes: ['noted'],
    leftBehind: [],
  },
  endedAt: at(52),
  engineVersion: '3.246.0',
  toolVersion: '0.1.0',
  commit: { kind: 'nothing-to-go-back-to' },
  warnings: ['careful'],
  seen: [],
};

const NOBODY: ReportInput['after'] = { client: null, checks: [], notes: [], leftBehind: [] };

/** The input of a recovery with other results, and another header. */
function changed(results: Partial<StepResults>, header: Partial<RunHeader> = {}): ReportInput {
  return {
    ...RECOVERED,
    header: { ...HEADER, ...header },
    outcome: { ...RECOVERED.outcome, results: { ...RESULTS, ...results } },
  };
}

describe('reportOf', () => {
  it('is a report by its own schema, of everything that the steps found', () => {
    const report = reportOf(RECOVERED);

    expect(recoveryReportSchema.parse(report)).to.deep.equal(report);
    expect(report.achieved).to.deep.equal({
      rtoSeconds: 50,
      rpoSeconds: 7.5,
      databaseRpoSeconds: 3,
      objectsRpoSeconds: 7.5,
      clientDowntimeSeconds: 51,
      acknowledgedWritesLost: 7,
    });
    expect(report.rtoParts).to.deep.equal({
      detectionSeconds: { source: 'measured', value: 4 },
      decisionSeconds: { source: 'measured', value: 16 },
      driverSeconds: { source: 'measured', value: 30 },
      clientSeenSeconds: { source: 'measured', value: 51 },
    });
    expect(report.recoveryPoint).to.deep.include({ baseBackupId: 'base-1', sizeBytes: 100 });
    expect(report.recoveryPoint?.skipped.map(({ id }) => id)).to.deep.equal(['base-3', 'base-2']);
    expect(report.checks.map(({ id, status }) => `${id} ${status}`)).to.deep.equal([
      'disk-space not-checked',
      'resource-counts passed',
      'cron-reloaded passed',
      'endpoint-by-name passed',
    ]);
    expect(report.resources.map(({ step }) => step)).to.deep.equal(['recovery-stack', 'cutover']);
    expect(report.steps.filter((step) => step.waitedFor !== undefined).map(({ id }) => id)).to.deep.equal(['fence']);
    expect(report.unprotectedSince).to.equal(at(50));
    expect(report.notes).to.deep.equal(['queues are empty', 'noted']);
    expect(report.versions).to.include({ medplum: '5.0.10', postgresql: '16.14', engine: '3.246.0' });
  });

  const preflight = { ...RESULTS.preflight, outage: null };
  const data = RESULTS['verify-data'];
  const point = RESULTS['recovery-point'];
  const tables: readonly [string, ReportInput, Partial<RecoveryReport['achieved']>][] = [
    [
      'nobody knows of the loss',
      changed({ preflight }, { lostAt: null }),
      { rtoSeconds: null, rpoSeconds: null, databaseRpoSeconds: null, objectsRpoSeconds: null },
    ],
    [
      'the loss is known from the monitoring alone',
      changed({}, { lostAt: null }),
      { rtoSeconds: 49, databaseRpoSeconds: 4 },
    ],
    [
      'a drill lost nothing',
      changed({ preflight }, { lostAt: null, mode: 'drill' }),
      { rtoSeconds: 30, rpoSeconds: null },
    ],
    [
      'no client was there',
      { ...RECOVERED, after: NOBODY },
      { clientDowntimeSeconds: null, acknowledgedWritesLost: null },
    ],
    [
      'there was no Binary',
      changed({ 'verify-data': { ...data, newestObjectAt: null } }),
      { rpoSeconds: 3, objectsRpoSeconds: null },
    ],
    [
      'the store has every Binary of the database',
      changed({ 'verify-data': { ...data, missingObjects: 0 } }),
      { rpoSeconds: 3, objectsRpoSeconds: 3 },
    ],
    [
      'nobody had written for long before the last recorded point',
      changed({
        'recovery-point': {
          ...point,
          recorded: { pointId: 'p', time: at(-1), facts: { fingerprint: null, serverVersion: null } },
        },
        'verify-data': { ...data, newestWriteAt: at(-90) },
      }),
      { databaseRpoSeconds: 1 },
    ],
    [
      'a moment was asked for',
      changed({ 'recovery-point': { ...point, time: at(0) } }, { target: { kind: 'time', at: at(0) } }),
      { databaseRpoSeconds: 0 },
    ],
    [
      'nothing was ever written',
      changed({ 'verify-data': { ...data, newestObjectAt: null, newestWriteAt: null } }),
      { rpoSeconds: null, databaseRpoSeconds: null },
    ],
    [
      'a write has a later clock than the loss',
      changed({ 'verify-data': { ...data, newestWriteAt: at(2) } }),
      { databaseRpoSeconds: 0, rpoSeconds: 7.5 },
    ],
  ];
  for (const [what, input, achieved] of tables) {
    it(`measures what can be when ${what}`, () => {
      expect(reportOf(input).achieved).to.include(achieved);
    });
  }

  it('has no detection and decision without an outage that was seen', () => {
    const { rtoParts } = reportOf(changed({ preflight }));

    expect(rtoParts.detectionSeconds).to.deep.equal({ source: 'not-measured', value: null });
    expect(rtoParts.decisionSeconds).to.deep.equal({ source: 'not-measured', value: null });
  });

  describe('of a run that failed', () => {
    const failed = judged(counts, false, 'Patient: recorded 4, restored 3');
    const { preflight: looked, 'recovery-point': point } = RESULTS;
    const error = new OperatorError('recovery-failed', 'Verification failed.', { hint: 'Look.', problems: ['counts'] });
    const report = reportOf({
      ...RECOVERED,
      outcome: {
        result: 'failed',
        failure: { step: 'verify-data', error },
        steps: STEPS,
        results: { preflight: looked, 'recovery-point': point },
      },
      after: NOBODY,
      seen: [failed, notChecked({ id: 'binaries', title: 'Binaries' }, 'no store')],
    });

    it('has reached no time, says why, and what clients see is nobody’s guess', () => {
      expect(recoveryReportSchema.parse(report)).to.deep.equal(report);
      expect(report.achieved.rtoSeconds).to.equal(null);
      expect(report.rtoParts.driverSeconds).to.deep.equal({ source: 'not-measured', value: null });
      expect(report.failure).to.deep.equal({
        step: 'verify-data',
        message: 'Verification failed.\ncounts',
        hint: 'Look.',
      });
      expect(report.whatClientsSee).to.deep.equal([]);
      expect(report.fence.state).to.equal('not-attempted');
      expect(report.traffic).to.deep.equal({ before: null, after: null, observedAt: null });
      expect(report.unprotectedSince).to.equal(null);
      expect(report.recoveryPoint?.baseBackupId).to.equal(null);
    });

    it('has the checks of the step that failed, with their evidence', () => {
      expect(report.checks.slice(1)).to.deep.equal([
        failed,
        { id: 'binaries', title: 'Binaries', status: 'not-checked', evidence: '', reason: 'no store' },
      ]);
    });
  });
});

describe('what clients see', () => {
  const seen = (input: ReportInput): string => reportOf(input).whatClientsSee.join('\n');

  it('names the tokens, the writes that are gone, cron, deliveries and the TTL', () => {
    const text = seen(RECOVERED);

    expect(text).to.include('401');
    expect(text).to.include(`Writes made after ${at(-3)} are gone; the loss was at ${at(0)}`);
    expect(text).to.include('7 of 100 writes that the server had acknowledged');
    expect(text).to.include('Cron schedules were loaded anew');
    expect(text).to.include('$resend');
    expect(text).to.include('TTL of 5 s reach medplum.test');
  });

  it('claims nothing that was not seen', () => {
    const failed = { checks: [judged({ id: 'cron-reloaded', title: 'Cron' }, false, '500')], notes: [] };
    const empty = { ...RESULTS['verify-data'], newestWriteAt: null };
    const text = seen({ ...changed({ 'application-recovery': failed, 'verify-data': empty }), after: NOBODY });

    expect(text).to.include('Cron schedules were not loaded anew');
    expect(text).to.include('No write was found in the restored database.');
    expect(text).not.to.include('acknowledged');
  });

  it('is nothing after a drill that took no traffic', () => {
    const text = seen(changed({ cutover: { moved: false, reason: 'a drill' } }, { mode: 'drill' }));

    expect(text).to.match(/^Nothing: a drill takes no traffic/);
  });
});
