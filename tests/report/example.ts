import { type RecoveryReport, recoveryReportSchema } from '../../automation/report/schema';

const START = Date.parse('2026-11-24T11:40:03.120Z');

/** The instant so many seconds after the example's run began. */
export function instantAfter(seconds: number): string {
  return new Date(START + seconds * 1000).toISOString();
}

/** A drill of the local platform as such a run looks: what the tests and the README's picture draw from. */
export function exampleReport(changes: Partial<RecoveryReport> = {}): RecoveryReport {
  return recoveryReportSchema.parse({ ...EXAMPLE, ...changes });
}

function step(
  id: string,
  title: string,
  from: number,
  to: number,
  budgetSeconds: number,
  more: { attempts?: number; waitedFor?: string } = {}
): RecoveryReport['steps'][number] {
  return {
    id,
    title,
    status: 'done',
    startedAt: instantAfter(from),
    endedAt: instantAfter(to),
    budgetSeconds,
    attempts: 1,
    ...more,
  };
}

function resource(type: string, name: string, from: number, to: number): RecoveryReport['resources'][number] {
  return {
    name,
    type: `medplum-dr:local:${type}`,
    startedAt: instantAfter(from),
    endedAt: instantAfter(to),
    step: 'recovery-stack',
  };
}

const EXAMPLE: RecoveryReport = {
  schemaVersion: 1,
  id: 'drill-20261124-114003-7k2m',
  mode: 'drill',
  scenario: 'site-loss',
  result: 'recovered',
  failure: null,
  environment: 'local-primary',
  sites: { from: 'harbour', to: 'upland' },
  isStandIn: true,
  startedAt: instantAfter(0),
  endedAt: instantAfter(38.9),
  operator: 'ines@recovery-host',
  host: 'recovery-host',
  recoveryPoint: {
    id: 'continuous-20261124-113959',
    time: instantAfter(-4.3),
    kind: 'continuous',
    place: 'upland/backups/local-primary',
    sizeBytes: 412_480_000,
    baseBackupId: 'base-20261124-110000',
    skipped: [
      { id: 'base-20261124-113000', reasons: ['base/16384/2619 does not match its checksum in the backup manifest'] },
    ],
  },
  objectives: { rtoSeconds: 300, rpoSeconds: 60 },
  achieved: {
    rtoSeconds: 41.3,
    rpoSeconds: 1.2,
    databaseRpoSeconds: 1.2,
    objectsRpoSeconds: 0.4,
    clientDowntimeSeconds: 42.6,
    acknowledgedWritesLost: 14,
  },
  rtoParts: {
    detectionSeconds: { source: 'measured', value: 2.6 },
    decisionSeconds: { source: 'estimated', value: 0.5 },
    driverSeconds: { source: 'measured', value: 35.7 },
    clientSeenSeconds: { source: 'measured', value: 42.6 },
  },
  moments: {
    outageAt: instantAfter(-3.1),
    detectedAt: instantAfter(-0.5),
    decidedAt: instantAfter(0),
    cutoverAt: instantAfter(35.7),
    firstGoodAnswerAt: instantAfter(38.2),
  },
  steps: [
    step('preflight', 'Preflight', 0, 1.4, 10),
    step('recovery-point', 'Recovery point', 1.4, 3.9, 5, { waitedFor: 'the checksums of two base backups' }),
    step('fence', 'Fence', 3.9, 4.1, 10),
    step('recovery-stack', 'Recovery stack', 4.1, 25.8, 60, { waitedFor: 'WAL replay' }),
    step('verify-data', 'Verify the data', 25.8, 28.3, 15),
    step('application-recovery', 'Application-level recovery', 28.3, 30, 10),
    step('health', 'Health', 30, 33.1, 15, { waitedFor: 'three good answers in a row', attempts: 2 }),
    step('cutover', 'Cutover', 33.1, 38.4, 4, { waitedFor: 'the record’s time to live of 2 s' }),
    step('report', 'Report', 38.4, 38.9, 5),
  ],
  resources: [
    resource('Network', 'upland-network', 4.9, 5.4),
    resource('Secrets', 'upland-secrets', 5.4, 6.6),
    resource('Database', 'upland-database', 6.6, 20.2),
    resource('Cache', 'upland-cache', 6.6, 7.5),
    resource('ObjectStorage', 'upland-objects', 5.4, 9.8),
    resource('Monitoring', 'upland-monitoring', 7.5, 8.3),
    resource('Application', 'upland-application', 20.2, 25.3),
  ],
  checks: [
    {
      id: 'signing-keys',
      title: 'Signing keys are those of the lost site',
      status: 'passed',
      evidence: 'kid 4be1f0c2-7a41-4c5e-9d0f-2f1d7a6f1c55 in JWKS, as recorded with the base backup',
    },
    {
      id: 'resource-counts',
      title: 'Resource counts',
      status: 'passed',
      evidence: '20,214 live resources of 14 types; 20,000 recorded with the base backup',
    },
    {
      id: 'migrations',
      title: 'Schema version fits the server',
      status: 'passed',
      evidence: 'DatabaseMigration version 100, data version 31, first boot false; the server expects the same',
    },
    {
      id: 'search-sample',
      title: 'A sample is found by search',
      status: 'passed',
      evidence: '50 of 50 resources found by an ordinary client',
    },
    {
      id: 'write',
      title: 'A write is read back',
      status: 'passed',
      evidence: 'Basic/0d5f8c5e-1f0b-4c36-8d29-1a52b6e61c11 created, found by search and deleted',
    },
    {
      id: 'binaries',
      title: 'Binaries the database names are in the store',
      status: 'passed',
      evidence: '1,250 of 1,250',
    },
    {
      id: 'cron',
      title: 'Scheduled bots are back',
      status: 'not-checked',
      evidence: '',
      reason: 'the stand-in runs no bots',
    },
  ],
  whatClientsSee: [
    'Machine clients get 401 for tokens from before the outage, until they ask for new ones.',
    'People stay signed in: signing keys are unchanged.',
    'Writes acknowledged in the last 1.2 s before the outage are gone; a client that kept them must send them again.',
    'Subscription deliveries that were queued at the moment of loss will not be made.',
  ],
  fence: { state: 'unreachable', detail: 'The folder of harbour is gone; none of its ports answers.' },
  traffic: { before: '127.0.0.11:8103', after: '127.0.0.12:8103', observedAt: instantAfter(38.2) },
  quarantine: null,
  overrides: [],
  warnings: [
    'The newest base backup is damaged: base-20261124-113000 was passed over.',
    'No redis-server on PATH: the environment ran without a cache.',
  ],
  unprotectedSince: instantAfter(35.7),
  protection: null,
  commit: { kind: 'nothing-to-go-back-to' },
  leftBehind: [],
  versions: {
    tool: '0.1.0',
    engine: '3.246.0',
    node: 'v20.20.2',
    medplum: 'stand-in 0.1.0 (@medplum/fhir-router 4.5.2)',
    postgresql: '17.2',
  },
  notes: ['20,000 resources from seed 42; one client wrote 12 resources a second until the site was lost.'],
};

/** The example's run, ended by its health step. */
export function failedReport(): RecoveryReport {
  const example = exampleReport();
  const notRun = { status: 'not-run', startedAt: null, endedAt: null, attempts: 0, waitedFor: undefined } as const;
  return exampleReport({
    result: 'failed',
    failure: {
      step: 'health',
      message: 'The new endpoint answered 500 three times.',
      hint: 'Read upland/application.log, then run: medplum-dr resume drill-1',
    },
    endedAt: instantAfter(33.1),
    achieved: { ...example.achieved, rtoSeconds: null, clientDowntimeSeconds: null, acknowledgedWritesLost: null },
    moments: { ...example.moments, cutoverAt: null, firstGoodAnswerAt: null },
    traffic: { before: '127.0.0.11:8103', after: null, observedAt: null },
    unprotectedSince: null,
    steps: example.steps.map((each, index) =>
      index < 6 ? each : index === 6 ? { ...each, status: 'failed' } : { ...each, ...notRun }
    ),
    checks: [
      ...example.checks,
      {
        id: 'health',
        title: 'Answers are stable',
        status: 'failed',
        evidence: '500, 500, 500 in 3.1 s',
        reason: 'it lost its database connection',
      },
    ],
    leftBehind: ['Stack local-primary-upland, with its database'],
    overrides: ['old-site-unreachable'],
  });
}

/** A run of which nothing was measured, checked or listed. */
export function bareReport(): RecoveryReport {
  const unknown = { source: 'not-measured', value: null } as const;
  return exampleReport({
    mode: 'recovery',
    scenario: null,
    recoveryPoint: null,
    achieved: {
      rtoSeconds: null,
      rpoSeconds: null,
      databaseRpoSeconds: null,
      objectsRpoSeconds: null,
      clientDowntimeSeconds: null,
      acknowledgedWritesLost: null,
    },
    rtoParts: {
      detectionSeconds: unknown,
      decisionSeconds: unknown,
      driverSeconds: unknown,
      clientSeenSeconds: unknown,
    },
    moments: { outageAt: null, detectedAt: null, decidedAt: null, cutoverAt: null, firstGoodAnswerAt: null },
    endedAt: instantAfter(0),
    steps: [],
    resources: [],
    checks: [],
    whatClientsSee: [],
    fence: { state: 'not-attempted', detail: '' },
    traffic: { before: null, after: null, observedAt: null },
    warnings: [],
    unprotectedSince: null,
    versions: { tool: '0.1.0', engine: null, node: 'v20.20.2', medplum: null, postgresql: null },
    notes: [],
  });
}
