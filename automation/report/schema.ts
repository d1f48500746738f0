import { z } from 'zod';
import { RUN_MODES } from '../recovery/results';

/** Any ISO instant in UTC goes in; with milliseconds it comes out, so that reports compare as text. */
const instant = z.iso.datetime().overwrite((text) => new Date(text).toISOString());
const seconds = z.number().nonnegative();
/** Null: not measured. Never a guess, and never 0 for what nobody looked at. */
const measured = seconds.nullable();

/** How a span came to be known. An estimate is never shown as if somebody had measured it. */
const knownSpanSchema = z.discriminatedUnion('source', [
  z.object({ source: z.enum(['measured', 'estimated']), value: seconds }),
  z.object({ source: z.literal('not-measured'), value: z.null() }),
]);
export type KnownSpan = z.infer<typeof knownSpanSchema>;

const skippedPointSchema = z.object({ id: z.string().min(1), reasons: z.array(z.string()) });

const reportStepSchema = z.object({
  id: z.string().min(1),
  title: z.string().min(1),
  status: z.enum(['done', 'failed', 'skipped', 'not-run']),
  startedAt: instant.nullable(),
  endedAt: instant.nullable(),
  budgetSeconds: seconds,
  attempts: z.int().nonnegative(),
  waitedFor: z.string().optional().describe('What most of the step was spent waiting for'),
});
export type ReportStep = z.infer<typeof reportStepSchema>;

const checkHead = { id: z.string().min(1), title: z.string().min(1) };
const reportCheckSchema = z.discriminatedUnion('status', [
  z.object({ ...checkHead, status: z.literal('passed'), evidence: z.string().min(1) }),
  z.object({ ...checkHead, status: z.literal('failed'), evidence: z.string(), reason: z.string().optional() }),
  z.object({ ...checkHead, status: z.literal('not-checked'), evidence: z.string(), reason: z.string().min(1) }),
]);
export type ReportCheck = z.infer<typeof reportCheckSchema>;

const reportResourceSchema = z.object({
  name: z.string().min(1),
  type: z.string().min(1),
  startedAt: instant,
  endedAt: instant.nullable(),
  step: z.string().min(1).describe('Id of the step whose engine update made it'),
});
export type ReportResource = z.infer<typeof reportResourceSchema>;

const quarantineSchema = z.object({
  blocked: z
    .array(z.object({ target: z.string().min(1), attempts: z.int().positive() }))
    .nullable()
    .describe('Connections refused, by host:port; null: not counted'),
});

const fields = z.object({
  schemaVersion: z.literal(1),
  id: z.string().min(1),
  mode: z.enum(RUN_MODES),
  scenario: z.enum(['site-loss', 'bad-write', 'corrupt-backup']).nullable(),
  result: z.enum(['recovered', 'failed', 'cancelled']),
  failure: z
    .object({ step: z.string(), message: z.string(), hint: z.string() })
    .nullable()
    .describe('What ended the run, and what to do next; null exactly when the result is recovered'),
  environment: z.string().min(1),
  sites: z.object({ from: z.string(), to: z.string() }),
  isStandIn: z.boolean().describe('The application was the stand-in and not a Medplum server'),
  startedAt: instant,
  endedAt: instant,
  operator: z.string().describe('user@host'),
  host: z.string(),
  recoveryPoint: z
    .object({
      id: z.string().min(1),
      time: instant,
      kind: z.enum(['base-backup', 'restore-point', 'continuous']),
      place: z.string(),
      sizeBytes: z.int().nonnegative().nullable(),
      baseBackupId: z.string().nullable(),
      skipped: z.array(skippedPointSchema),
    })
    .nullable()
    .describe('Null when the run ended before one was chosen'),
  objectives: z.object({ rtoSeconds: seconds, rpoSeconds: seconds }),
  achieved: z
    .object({
      rtoSeconds: measured,
      rpoSeconds: measured.describe('The worse of database and objects'),
      databaseRpoSeconds: measured,
      objectsRpoSeconds: measured,
      clientDowntimeSeconds: measured,
      acknowledgedWritesLost: z.int().nonnegative().nullable(),
    })
    .describe('Null: not measured'),
  rtoParts: z.object({
    detectionSeconds: knownSpanSchema,
    decisionSeconds: knownSpanSchema,
    driverSeconds: knownSpanSchema,
    clientSeenSeconds: knownSpanSchema.describe('Last good answer before to first good answer after, through DNS'),
  }),
  moments: z.object({
    outageAt: instant.nullable(),
    detectedAt: instant.nullable(),
    decidedAt: instant.nullable(),
    cutoverAt: instant.nullable(),
    firstGoodAnswerAt: instant.nullable(),
  }),
  steps: z.array(reportStepSchema),
  resources: z.array(reportResourceSchema),
  checks: z.array(reportCheckSchema),
  whatClientsSee: z.array(z.string()),
  fence: z.object({ state: z.enum(['fenced', 'unreachable', 'still-writable', 'not-attempted']), detail: z.string() }),
  traffic: z
    .object({ before: z.string().nullable(), after: z.string().nullable(), observedAt: instant.nullable() })
    .describe('What clients resolved, before and after, and when the new answer was first seen'),
  quarantine: quarantineSchema
    .nullable()
    .describe('What the copy of a drill was kept from reaching; null for a run that made no quarantined copy'),
  overrides: z.array(z.string()).describe('Risks the operator accepted, by name'),
  warnings: z.array(z.string()),
  unprotectedSince: instant.nullable().describe('Since when the recovered environment has no backup of its own'),
  protection: z
    .object({ site: z.string(), recoveryPoint: z.string(), since: instant })
    .nullable()
    .describe('What protects the new site, proven by a recovery point; null while nothing does'),
  commit: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.enum(['none', 'nothing-to-go-back-to']) }),
      z.object({ kind: z.literal('open'), until: instant }),
      z.object({ kind: z.literal('committed'), since: instant }),
    ])
    .describe('Whether the move can be rolled back, as it was when the report was written'),
  leftBehind: z.array(z.string()),
  versions: z.object({
    tool: z.string(),
    engine: z.string().nullable(),
    node: z.string(),
    medplum: z.string().nullable(),
    postgresql: z.string().nullable(),
  }),
  notes: z.array(z.string()),
});

/**
 * `report.json`: what one run did, took and lost. Spans are in seconds, instants are ISO 8601 in UTC with milliseconds,
 * and null means that nobody measured it. Fields that are not named here are dropped, so nothing else can leak into it.
 */
export const recoveryReportSchema = fields.superRefine((report, context) => {
  if ((report.result === 'recovered') !== (report.failure === null)) {
    context.addIssue({
      code: 'custom',
      path: ['failure'],
      message: 'must be null exactly when the result is recovered',
    });
  }
});
export type RecoveryReport = z.infer<typeof recoveryReportSchema>;
