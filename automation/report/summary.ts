import type { RecoveryReport } from './schema';
import {
  countText,
  goingBackText,
  instantText,
  modeText,
  objectiveOutcome,
  OUTCOME_WORDS,
  protectionText,
  quarantineText,
  sizeText,
  spanText,
  verdictText,
} from './wording';

/** The lines a terminal prints at the end of a run: plain text, no colour, the verdict first. */
export function summarise(report: RecoveryReport): string[] {
  const { achieved, traffic, recoveryPoint: point } = report;
  return [
    verdictText(report),
    ...failureLines(report),
    line(modeText(report), `${report.environment}, ${report.sites.from} to ${report.sites.to}, id ${report.id}`),
    line(
      'Recovery point',
      point === null
        ? 'none was chosen'
        : `${point.id} of ${instantText(point.time)}, ${sizeText(point.sizeBytes)}, ${countText(point.skipped.length, 'point')} skipped`
    ),
    line('Recovery time', objectiveText(report, 'rtoSeconds')),
    line('Data loss', objectiveText(report, 'rpoSeconds')),
    line(
      'Clients',
      `down for ${spanText(achieved.clientDowntimeSeconds)}, acknowledged writes lost: ${achieved.acknowledgedWritesLost ?? 'not measured'}`
    ),
    line('Checks', checksText(report)),
    line('Old site', `${report.fence.state}: ${report.fence.detail}`),
    line('Traffic', `${traffic.before ?? 'not known'} before, ${traffic.after ?? 'not known'} after`),
    ...(report.quarantine === null ? [] : [line('Quarantine', quarantineText(report.quarantine))]),
    ...(report.traffic.after === null
      ? []
      : [line('Protection', protectionText(report)), line('Going back', goingBackText(report))]),
    ...report.overrides.map((override) => line('Risk accepted', override)),
    ...report.warnings.map((warning) => line('Warning', warning)),
    ...report.leftBehind.map((item) => line('Left behind', item)),
    ...(report.isStandIn ? [line('Application', 'the stand-in, not a Medplum server')] : []),
  ];
}

function line(label: string, text: string): string {
  return `${`${label}:`.padEnd(18)}${text}`;
}

function failureLines({ failure }: RecoveryReport): string[] {
  return failure === null ? [] : [line('Why', failure.message), line('Next', failure.hint)];
}

function objectiveText(report: RecoveryReport, objective: 'rtoSeconds' | 'rpoSeconds'): string {
  const outcome = OUTCOME_WORDS[objectiveOutcome(report, objective)].toLowerCase();
  return `${spanText(report.achieved[objective])}, objective ${spanText(report.objectives[objective])}: ${outcome}`;
}

function checksText({ checks }: RecoveryReport): string {
  const titles = (status: string): string[] => checks.filter((check) => check.status === status).map((c) => c.title);
  const passed = `${titles('passed').length} passed`;
  const failed = named('failed', titles('failed'));
  return [passed, failed, named('not checked', titles('not-checked'))].join(', ');
}

function named(word: string, titles: readonly string[]): string {
  return titles.length === 0 ? `0 ${word}` : `${titles.length} ${word} (${titles.join('; ')})`;
}
