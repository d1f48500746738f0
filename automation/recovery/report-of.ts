import os from 'node:os';
import { thisProcess } from '../control/process-space';
import type { PlatformEnvironment } from '../../components/platform';
import type { BlockedAttempts } from '../../components/site-operations';
import type { KnownSpan, RecoveryReport } from '../report/schema';
import type { Check } from '../verification/check';
import type { CommitWindow } from './commit-window';
import type { RunHeader } from './journal';
import { isPlanned, type StepResults } from './results';
import type { RunOutcome } from './run';
import { whatClientsSee } from './what-clients-see';

/** What a client that was there saw; only a drill has one. */
export interface ClientFacts {
  readonly downtimeSeconds: number | null;
  readonly firstGoodAnswerAt: string | null;
  readonly acknowledgedWrites: number;
  readonly acknowledgedWritesLost: number | null;
}

/** What is found out after the last step and before the report is written. */
export interface AfterSteps {
  readonly client: ClientFacts | null;
  readonly checks: readonly Check[];
  readonly notes: readonly string[];
  readonly leftBehind: readonly string[];
  /** Of a drill's copy: what it tried to reach and was kept from; `blocked` is null when that was not counted. */
  readonly quarantine?: { readonly blocked: readonly BlockedAttempts[] | null } | null;
  /** Set when all that the run made is removed again, so that it cannot be gone on with. */
  readonly removed?: true;
}

export interface ReportInput {
  readonly header: RunHeader;
  readonly outcome: RunOutcome;
  readonly environment: PlatformEnvironment;
  readonly scenario: RecoveryReport['scenario'];
  readonly after: AfterSteps;
  readonly endedAt: string;
  readonly engineVersion: string | null;
  readonly toolVersion: string;
  readonly commit: CommitWindow;
  readonly warnings: readonly string[];
  /** Checks as they were told during the run: those of a step that failed are in no result. */
  readonly seen: readonly Check[];
}

/** The report of a run, from what its steps found. What nobody measured is null. */
export function reportOf(input: ReportInput): RecoveryReport {
  const { header, outcome, environment, after } = input;
  const { client } = after;
  const { results, failure } = outcome;
  const { config } = environment;
  const plan = results['recovery-point'];
  const restored = results['recovery-stack'];
  const data = results['verify-data'];
  const cutover = results.cutover?.moved === true ? results.cutover : null;
  const outage = results.preflight?.outage ?? null;
  // In a planned move nobody is served from the moment at which the site was stopped.
  const stoppedAt = results.drain?.stoppedAt ?? null;
  const lostAt = stoppedAt ?? header.lostAt ?? (isPlanned(header.mode) ? null : (outage?.firstFailureAt ?? null));
  const readyAt = cutover?.observedAt ?? outcome.steps.find((step) => step.id === 'health')?.endedAt ?? null;
  const recovered = outcome.result === 'recovered';
  const { databaseRpo, objectsRpo } = isPlanned(header.mode) ? plannedRpo(input) : achievedRpo(input, lostAt);
  // In a drill of an environment that lives on nothing was lost: its time counts from the start.
  const from = lostAt ?? (header.mode === 'drill' ? header.startedAt : null);
  const rpos = [databaseRpo, objectsRpo].filter((value) => value !== null);
  return {
    schemaVersion: 1,
    id: header.id,
    mode: header.mode,
    scenario: input.scenario,
    result: outcome.result,
    failure:
      failure === null
        ? null
        : {
            step: failure.step,
            message: [failure.error.message, ...failure.error.problems].join('\n'),
            hint: failure.error.hint,
          },
    environment: header.environment,
    sites: { from: environment.site, to: environment.recoverySite ?? '' },
    isStandIn: environment.isStandIn,
    startedAt: header.startedAt,
    endedAt: input.endedAt,
    operator: `${thisProcess().user}@${os.hostname()}`,
    host: os.hostname(),
    recoveryPoint:
      plan === undefined
        ? null
        : {
            id: plan.recoveryPoint,
            time: plan.time,
            kind: plan.kind,
            place: plan.place,
            sizeBytes: plan.sizeBytes,
            baseBackupId: restored?.outputs.database.restoredFrom?.backup ?? null,
            skipped: [...plan.skipped, ...(restored?.outputs.database.restoredFrom?.skipped ?? [])].map((skipped) => ({
              id: skipped.id,
              reasons: [...skipped.reasons],
            })),
          },
    objectives: { rtoSeconds: config.objectives.rto, rpoSeconds: config.objectives.rpo },
    achieved: {
      rtoSeconds: recovered ? span(from, readyAt) : null,
      rpoSeconds: rpos.length === 0 ? null : Math.max(...rpos),
      databaseRpoSeconds: databaseRpo,
      objectsRpoSeconds: objectsRpo,
      clientDowntimeSeconds: client?.downtimeSeconds ?? null,
      acknowledgedWritesLost: client?.acknowledgedWritesLost ?? null,
    },
    rtoParts: {
      detectionSeconds: measured(outage === null ? null : span(lostAt, outage.detectedAt)),
      decisionSeconds: measured(outage === null ? null : span(outage.detectedAt, header.startedAt)),
      driverSeconds: measured(recovered ? span(header.startedAt, readyAt) : null),
      clientSeenSeconds: measured(client?.downtimeSeconds ?? null),
    },
    moments: {
      outageAt: lostAt,
      detectedAt: outage?.detectedAt ?? null,
      decidedAt: header.startedAt,
      cutoverAt: cutover?.observedAt ?? null,
      firstGoodAnswerAt: client?.firstGoodAnswerAt ?? null,
    },
    steps: outcome.steps.map(({ waitedFor, ...step }) => ({ ...step, ...(waitedFor === null ? {} : { waitedFor }) })),
    resources: (['recovery-stack', 'cutover'] as const).flatMap((step) => {
      const resources = step === 'cutover' ? cutover?.resources : restored?.resources;
      return (resources ?? []).map((resource) => ({ ...resource, step }));
    }),
    checks: [
      ...(results.preflight?.findings ?? []).map((finding) => ({
        id: finding.id,
        title: `Preflight: ${finding.id}`,
        ...(finding.status === 'not-checked'
          ? { status: finding.status, evidence: '', reason: finding.reason }
          : { status: finding.status, evidence: finding.evidence }),
      })),
      ...checksOf(input),
    ],
    whatClientsSee: recovered ? whatClientsSee(input, { lostAt, cutover: cutover !== null }) : [],
    fence: fenceOf(results),
    traffic: {
      before: cutover?.before ?? null,
      after: cutover?.after ?? null,
      observedAt: cutover?.observedAt ?? null,
    },
    overrides: [...header.overrides],
    warnings: [...input.warnings],
    quarantine: quarantineOf(after),
    unprotectedSince: results.protect === undefined ? (cutover?.observedAt ?? null) : null,
    protection: results.protect ?? null,
    commit: input.commit,
    leftBehind: [...after.leftBehind],
    versions: {
      tool: input.toolVersion,
      engine: input.engineVersion,
      node: process.version,
      medplum: results.health?.serverVersion ?? null,
      postgresql: data?.postgresqlVersion ?? null,
    },
    notes: [...(results['application-recovery']?.notes ?? []), ...after.notes],
  };
}

/** Each check once, in the order of the steps; last those of the step that ended the run. */
function checksOf({ outcome: { results }, after, seen }: ReportInput): Check[] {
  const kept = [
    ...(results['verify-data']?.checks ?? []),
    ...(results['application-recovery']?.checks ?? []),
    ...(results.health?.checks ?? []),
    ...(results.cutover?.moved === true ? results.cutover.checks : []),
    ...after.checks,
  ];
  const ids = new Set(kept.map((check) => check.id));
  return [...kept, ...seen.filter((check) => !ids.has(check.id))];
}

function fenceOf(results: Partial<StepResults>): RecoveryReport['fence'] {
  if (results.drain !== undefined) {
    const { position, stoppedAt } = results.drain;
    return { state: 'fenced', detail: `stopped by plan at ${stoppedAt}; all up to ${position} was shipped before` };
  }
  return results.fence ?? { state: 'not-attempted', detail: 'the run ended before' };
}

function quarantineOf({ quarantine = null }: AfterSteps): RecoveryReport['quarantine'] {
  return quarantine === null ? null : { blocked: quarantine.blocked?.map((attempt) => ({ ...attempt })) ?? null };
}

/**
 * Of a planned move: nothing is lost when all of the log was replayed up to the point that was made after the last write,
 * and the data is what was recorded then. Anything less is not known.
 */
function plannedRpo({ outcome: { results } }: ReportInput): { databaseRpo: number | null; objectsRpo: number | null } {
  const data = results['verify-data'];
  const isSame =
    results.drain !== undefined &&
    results['recovery-point']?.recorded?.pointId === results.drain.recoveryPoint &&
    results['recovery-stack']?.outputs.database.restoredFrom?.shortfall === null &&
    data?.checks.some((check) => check.id === 'resource-counts' && check.status === 'passed') === true;
  return { databaseRpo: isSame ? 0 : null, objectsRpo: isSame && data.missingObjects === 0 ? 0 : null };
}

/**
 * At most how much was lost, in seconds before the moment of loss. The newest write found is one bound; on a system
 * where nobody wrote, the moment up to which the log is known to have been replayed is the better one. The store is as
 * fresh as the database when it has every Binary that the database names.
 */
function achievedRpo(
  { outcome: { results }, header }: ReportInput,
  lostAt: string | null
): { databaseRpo: number | null; objectsRpo: number | null } {
  const data = results['verify-data'];
  const plan = results['recovery-point'];
  if (data === undefined || plan === undefined) {
    return { databaseRpo: null, objectsRpo: null };
  }
  const isWhole = results['recovery-stack']?.outputs.database.restoredFrom?.shortfall === null;
  const reached = header.target.kind === 'latest' ? (plan.recorded?.time ?? null) : plan.time;
  const replayedTo = isWhole ? reached : null;
  const databaseRpo = least(span(data.newestWriteAt, lostAt), span(replayedTo, lostAt));
  const byObject = span(data.newestObjectAt, lostAt);
  return { databaseRpo, objectsRpo: data.missingObjects === 0 ? least(byObject, databaseRpo) : byObject };
}

function least(...values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** Seconds from one instant to the other; null when either is unknown, and never below 0. */
function span(from: string | null, to: string | null): number | null {
  return from === null || to === null ? null : Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}

function measured(value: number | null): KnownSpan {
  return value === null ? { source: 'not-measured', value: null } : { source: 'measured', value };
}
