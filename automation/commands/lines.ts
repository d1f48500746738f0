import type { Check, ContinuousWindow, EnvironmentStatus, RecoveryPlan, RecoveryPoint } from '../index';
import { sizeText, spanText } from '../report/wording';

export function planLines(plan: RecoveryPlan): string[] {
  const { findings, restore, sites } = plan;
  return [
    sites.to === ''
      ? `${plan.environment} is served from site ${sites.from}, and nothing protects it`
      : `Recovery of ${plan.environment}: from site ${sites.from} to site ${sites.to}`,
    ...(restore === null
      ? ['Recovery point: none, as nothing protects what serves']
      : [
          `Recovery point: ${restore.recoveryPoint} (${restore.kind}), up to ${restore.time}, at ${restore.place}`,
          ...restore.skipped.map((skipped) => `  skipped ${skipped.id}: ${skipped.reasons.join('; ')}`),
        ]),
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
  const { active, newestRecoveryPoint: newest, outage, heldBy } = status;
  return [
    `Environment ${status.environment}`,
    active === null
      ? `Served by: ${status.site}, where it was made`
      : `Served by: ${active.site} (stack ${active.stack}) since ${active.since}, run ${active.recoveryId}`,
    ...protectionLines(status),
    `Name resolves to: ${status.resolvesTo?.join(', ') ?? 'not checked'}`,
    newest === null
      ? 'Newest recovery point: none'
      : `Newest recovery point: ${newest.id}, ${spanText(newest.ageSeconds)} old`,
    outage === null ? 'Outage: none seen' : `Outage: since ${outage.firstFailureAt}, noticed ${outage.detectedAt}`,
    ...(heldBy === null
      ? []
      : [`At work now: ${heldBy.purpose}, by ${heldBy.user}@${heldBy.host} (pid ${heldBy.pid}) since ${heldBy.since}`]),
    ...status.sites.flatMap(siteLines),
    ...status.runs.map((run) => `Run ${run.id}: ${run.mode}, ${run.result}${commitText(run)}`),
    ...status.problems.map((problem) => `Not checked: ${problem}`),
  ];
}

function protectionLines({ environment, unprotectedSince, protection, active }: EnvironmentStatus): string[] {
  if (unprotectedSince !== null) {
    return [
      `Unprotected since ${unprotectedSince}: nothing ships its data to another site. Protect it: medplum-dr protect ${environment}`,
    ];
  }
  return active === null || protection === null
    ? []
    : [`Protected at ${protection.site} since ${protection.since}, proven by ${protection.recoveryPoint}`];
}

function siteLines({ stack, site, serves, condition, remains }: EnvironmentStatus['sites'][number]): string[] {
  const seen = condition === null ? 'not checked' : `${condition.kind}: ${condition.detail}`;
  return [
    `Site ${site} (stack ${stack}), ${serves ? 'serves' : 'does not serve'}: ${seen}`,
    ...remains.map(
      ({ what, sizeBytes }) => `  left behind: ${what}${sizeBytes === null ? '' : ` (${sizeText(sizeBytes)})`}`
    ),
  ];
}

function commitText({ id, commit }: EnvironmentStatus['runs'][number]): string {
  return commit.kind === 'open' ? `; until ${commit.until} it can be undone: medplum-dr rollback ${id}` : '';
}

/** Checks of a command that is no run, a line each. */
export function checkLines(checks: readonly Check[]): string[] {
  return checks.map((check) => `${check.status}: ${check.title}: ${check.evidence}`);
}
