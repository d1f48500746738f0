import { isPlanned, type RunMode } from '../recovery/results';
import type { RecoveryReport } from './schema';

/** Seconds as people read them: `0.35 s`, `41.3 s`, `2 min 5 s`, `1 h 12 min`, `3 d 4 h`; null is `not measured`. */
export function spanText(seconds: number | null): string {
  if (seconds === null) {
    return 'not measured';
  }
  if (seconds < 120) {
    // Rounded to what still tells a miss from a hit at this size.
    return `${Number(seconds.toFixed(seconds < 10 ? 2 : 1))} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 3600) {
    return pair(Math.floor(whole / 60), 'min', whole % 60, 's');
  }
  const minutes = Math.round(seconds / 60);
  if (minutes < 2880) {
    return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  }
  const hours = Math.round(seconds / 3600);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** An ISO instant as `2026-11-24 11:40:03 UTC`. */
export function instantText(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** The time of day of an ISO instant, to the tenth: `11:40:03.1`. */
export function clockText(iso: string): string {
  return iso.slice(11, 21);
}

export function sizeText(bytes: number | null): string {
  if (bytes === null) {
    return 'size not known';
  }
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1000 ** power;
  return `${Number(amount.toFixed(amount < 10 ? 1 : 0))} ${units[power] ?? 'B'}`;
}

export function countText(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}

/** What a drill's copy tried to reach outside itself: `3 attempts blocked: mail.example.com:25 (2), 127.0.0.2:8103 (1)`. */
export function quarantineText({ blocked }: NonNullable<RecoveryReport['quarantine']>): string {
  if (blocked === null) {
    return 'what the copy tried to reach was not counted';
  }
  if (blocked.length === 0) {
    return 'the copy tried to reach nothing outside itself';
  }
  const total = blocked.reduce((sum, { attempts }) => sum + attempts, 0);
  const targets = blocked.map(({ target, attempts }) => `${target} (${attempts.toLocaleString('en-US')})`);
  return `${countText(total, 'attempt')} blocked: ${targets.join(', ')}`;
}

export type Outcome = 'met' | 'missed' | 'not-measured' | 'not-reached';

/** What each outcome is called wherever it is shown: words, so that no colour is needed to tell them apart. */
export const OUTCOME_WORDS: Record<Outcome, string> = {
  met: 'Met',
  missed: 'Missed',
  'not-measured': 'Not measured',
  'not-reached': 'Not reached',
};

/** A run that did not recover has reached no objective, whatever was measured on the way. */
export function objectiveOutcome(report: RecoveryReport, objective: 'rtoSeconds' | 'rpoSeconds'): Outcome {
  if (report.result !== 'recovered') {
    return 'not-reached';
  }
  const achieved = report.achieved[objective];
  if (achieved === null) {
    return 'not-measured';
  }
  return achieved <= report.objectives[objective] ? 'met' : 'missed';
}

/** The whole run in one sentence: `Recovered in 41.3 s; 1.2 s of writes lost (14 acknowledged writes)`. */
export function verdictText(report: RecoveryReport): string {
  const step = stepTitle(report, report.failure?.step ?? '');
  switch (report.result) {
    case 'recovered':
      return `${recoveredText(report)}; ${lossText(report)}`;
    case 'failed':
      return `Not recovered: failed at “${step}” after ${spanText(elapsedSeconds(report))}`;
    case 'cancelled':
      return `Not recovered: cancelled at “${step}” after ${spanText(elapsedSeconds(report))}`;
  }
}

export function stepTitle(report: RecoveryReport, id: string): string {
  return report.steps.find((step) => step.id === id)?.title ?? id;
}

const MODE_WORDS: Readonly<Record<RunMode, string>> = {
  recovery: 'Recovery',
  drill: 'Drill',
  switchover: 'Switchover',
  failback: 'Failback',
};

export function modeText(report: Pick<RecoveryReport, 'mode' | 'scenario'>): string {
  const mode = MODE_WORDS[report.mode];
  return report.scenario === null ? mode : `${mode}: ${report.scenario.replace('-', ' ')}`;
}

function recoveredText({ mode, achieved: { rtoSeconds } }: RecoveryReport): string {
  const verb = isPlanned(mode) ? 'Moved' : 'Recovered';
  return rtoSeconds === null ? `${verb}, in a time that was not measured` : `${verb} in ${spanText(rtoSeconds)}`;
}

/** Whether the move can be undone, and how. */
export function goingBackText({ id, commit, environment }: RecoveryReport): string {
  switch (commit.kind) {
    case 'none':
      return 'no traffic was moved';
    case 'nothing-to-go-back-to':
      return `there is nothing to go back to; once the lost site is sound: medplum-dr protect ${environment}, then medplum-dr failback ${environment}`;
    case 'open':
      return `until ${instantText(commit.until)}: medplum-dr rollback ${id}; after it: medplum-dr failback ${environment}`;
    case 'committed':
      return `committed since ${instantText(commit.since)}; the way back is medplum-dr failback ${environment}`;
  }
}

/** What protects the new site, or since when nothing does. */
export function protectionText({ protection, unprotectedSince, environment }: RecoveryReport): string {
  if (protection !== null) {
    return `at ${protection.site} since ${instantText(protection.since)}, proven by ${protection.recoveryPoint}`;
  }
  return unprotectedSince === null
    ? 'not changed by this run'
    : `none since ${instantText(unprotectedSince)}: medplum-dr protect ${environment}`;
}

function lossText({ achieved }: RecoveryReport): string {
  const { rpoSeconds, acknowledgedWritesLost } = achieved;
  if (acknowledgedWritesLost === 0 || (acknowledgedWritesLost === null && rpoSeconds === 0)) {
    return acknowledgedWritesLost === 0 ? 'no acknowledged write lost' : 'no write lost';
  }
  const writes = acknowledgedWritesLost === null ? null : countText(acknowledgedWritesLost, 'acknowledged write');
  if (rpoSeconds === null) {
    return writes === null ? 'what was lost was not measured' : `${writes} lost`;
  }
  return `${spanText(rpoSeconds)} of writes lost${writes === null ? '' : ` (${writes})`}`;
}

function elapsedSeconds(report: RecoveryReport): number {
  return Math.max(0, (Date.parse(report.endedAt) - Date.parse(report.startedAt)) / 1000);
}
