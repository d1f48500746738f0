import type { RecoveryReport, ReportCheck } from '../schema';
import { type Markup, markup } from './markup';

/** Checks that were made, the failed ones first, each with what was seen. */
export function checksSection({ checks }: RecoveryReport): Markup {
  const made = [...of(checks, 'failed'), ...of(checks, 'passed')];
  return markup`<section aria-labelledby="checks">
<h2 id="checks">What was checked</h2>
${made.length === 0 ? markup`<p class="notice">No check was made.</p>` : table(made)}
</section>`;
}

/** What nobody looked at, so that silence is not taken for soundness: checks left out and figures not measured. */
export function notCheckedSection(report: RecoveryReport): Markup {
  const items = [
    ...of(report.checks, 'not-checked').map(
      ({ title, reason, evidence }) =>
        markup`<li><strong>${title}</strong>: ${reason}${evidence === '' ? null : markup` <span class="quiet">${evidence}</span>`}</li>`
    ),
    ...unmeasured(report).map((figure) => markup`<li><strong>${figure}</strong>: not measured</li>`),
  ];
  return markup`<section aria-labelledby="not-checked">
<h2 id="not-checked">What was not checked</h2>
${items.length === 0 ? markup`<p>Every check that this run plans was made, and every figure was measured.</p>` : markup`<ul>${items}</ul>`}
</section>`;
}

function of<Status extends ReportCheck['status']>(
  checks: readonly ReportCheck[],
  status: Status
): Extract<ReportCheck, { status: Status }>[] {
  return checks.filter((check): check is Extract<ReportCheck, { status: Status }> => check.status === status);
}

function table(checks: readonly Exclude<ReportCheck, { status: 'not-checked' }>[]): Markup {
  return markup`<table>
<thead><tr><th scope="col">Check</th><th scope="col">Result</th><th scope="col">Evidence</th></tr></thead>
<tbody>${checks.map(
    (check) => markup`<tr><th scope="row">${check.title}</th>
<td class="result">${check.status === 'passed' ? markup`<span class="outcome met">✓ Passed</span>` : markup`<span class="outcome missed">✕ Failed</span>`}</td>
<td class="evidence">${check.evidence}${check.status === 'failed' && check.reason !== undefined ? markup`<small><strong>${check.reason}</strong></small>` : null}</td></tr>`
  )}</tbody></table>`;
}

function unmeasured({ achieved, rtoParts }: RecoveryReport): string[] {
  const figures: [string, unknown][] = [
    ['Recovery time', achieved.rtoSeconds],
    ['Data loss', achieved.rpoSeconds],
    ['Data loss of the database', achieved.databaseRpoSeconds],
    ['Data loss of the objects', achieved.objectsRpoSeconds],
    ['Client downtime', achieved.clientDowntimeSeconds],
    ['Acknowledged writes lost', achieved.acknowledgedWritesLost],
    ['Time to detect', rtoParts.detectionSeconds.value],
    ['Time to decide', rtoParts.decisionSeconds.value],
    ['Time of the driver', rtoParts.driverSeconds.value],
    ['Time seen by a client', rtoParts.clientSeenSeconds.value],
  ];
  return figures.filter(([, value]) => value === null).map(([figure]) => figure);
}
