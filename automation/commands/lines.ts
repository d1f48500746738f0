import type { ContinuousWindow, EnvironmentStatus, RecoveryPlan, RecoveryPoint } from '../index';
import { sizeText, spanText } from '../report/wording';

export function planLines(plan: RecoveryPlan): string[] {
  const { findings, restore, sites } = plan;
  return [
    `Recovery of ${plan.environment}: from site ${sites.from} to site ${sites.to}`,
    `Recovery point: ${restore.recoveryPoint} (${restore.kind}), up to ${restore.time}, at ${restore.place}`,
    ...restore.skipped.map((skipped) => `  skipped ${skipped.id}: ${skipped.reasons.join('; ')}`),
    'Preflight:',
    ...findings.map((finding) => {
      switch (finding.status) {
        case 'passed':
          return `  passed       ${finding.id}: ${finding.evidence}`;
        case 'failed':
          return `  FAILED       ${finding.id}: ${finding.evidence} ${finding.remedy}`;
        case 'not-checked':
          return `  not checked  ${finding.id}: ${finding.reason}`;
      }
    }),
    'Steps (budgets are expectations, not measurements):',
    ...plan.steps.map((step) => `  ${step.title}, up to ${spanText(step.budgetSeconds)}`),
  ];
}

export function recoveryPointLines(found: {
  points: readonly RecoveryPoint[];
  window: ContinuousWindow | null;
}): string[] {
  const window =
    found.window === null
      ? 'No moment can be recovered to: there is no usable base backup.'
      : `Any moment from ${found.window.from} to ${found.window.to} can be recovered to.`;
  return [
    window,
    ...found.points.map((point) => {
      const state = point.state.kind === 'healthy' ? 'healthy' : `unusable: ${point.state.reasons.join('; ')}`;
      const size = point.sizeBytes === null ? '' : `  ${sizeText(point.sizeBytes)}`;
      return `${point.time}  ${point.kind.padEnd(13)}  ${point.id}${size}  ${state}`;
    }),
  ];
}

export function statusLines(status: EnvironmentStatus): string[] {
  const { active, newestRecoveryPoint: newest, outage } = status;
  return [
    `Environment ${status.environment}`,
    active === null
      ? `Served by: ${status.site}, where it was made`
      : `Served by: ${active.site} (stack ${active.stack}) since ${active.since}, recovery ${active.recoveryId}`,
    ...(active === null ? [] : [`Unprotected since ${active.since}: nothing ships its data to another site yet`]),
    `Name resolves to: ${status.resolvesTo?.join(', ') ?? 'not checked'}`,
    newest === null
      ? 'Newest recovery point: none'
      : `Newest recovery point: ${newest.id}, ${spanText(newest.ageSeconds)} old`,
    outage === null ? 'Outage: none seen' : `Outage: since ${outage.firstFailureAt}, noticed ${outage.detectedAt}`,
    ...status.runs.map((run) => `Run ${run.id}: ${run.mode}, ${run.result}`),
    ...status.problems.map((problem) => `Not checked: ${problem}`),
  ];
}
