import type { RecoveryReport } from '../schema';
import {
  instantText,
  modeText,
  objectiveOutcome,
  type Outcome,
  OUTCOME_WORDS,
  spanText,
  verdictText,
} from '../wording';
import { type Markup, markup } from './markup';

const OUTCOME_SIGNS: Record<Outcome, string> = {
  met: '✓',
  missed: '✕',
  'not-measured': '?',
  'not-reached': '✕',
};

const STAND_IN = markup`<p class="notice"><strong>The application was a stand-in, not a Medplum server.</strong>
The database, its backups, the DNS and the engine were real. A Medplum server may take longer to start, and that it starts and answers on this data was not shown.</p>`;

/** The head of the page: the verdict in one sentence, what went wrong if anything did, and four figures. */
export function verdictSection(report: RecoveryReport): Markup {
  const { achieved, objectives, failure } = report;
  const state = report.result === 'recovered' ? 'good' : 'bad';
  return markup`<header class="verdict ${state}">
<p class="kicker">${modeText(report)} of <strong>${report.environment}</strong></p>
<h1>${verdictText(report)}</h1>
<p class="quiet">From <strong>${report.sites.from}</strong> to <strong>${report.sites.to}</strong>, <time datetime="${report.startedAt}">${instantText(report.startedAt)}</time>. Run ${report.id}.</p>
${failure === null ? null : markup`<div class="notice bad" role="note"><p><strong>${failure.message}</strong></p><p>${failure.hint}</p></div>`}
${report.isStandIn ? STAND_IN : null}
<dl class="figures-row">
${figure('Recovery time', spanText(achieved.rtoSeconds), `objective ${spanText(objectives.rtoSeconds)}`, objectiveOutcome(report, 'rtoSeconds'))}
${figure('Data loss', spanText(achieved.rpoSeconds), `objective ${spanText(objectives.rpoSeconds)}`, objectiveOutcome(report, 'rpoSeconds'))}
${figure('Clients were down', spanText(achieved.clientDowntimeSeconds), 'last to first good answer', null)}
${figure('Acknowledged writes lost', lostText(achieved.acknowledgedWritesLost), 'counted by a client', null)}
</dl>
</header>`;
}

/** An outcome in words, with a sign, so that colour is never alone in telling it. */
export function outcomeMarkup(outcome: Outcome): Markup {
  return markup`<span class="outcome ${outcome}">${OUTCOME_SIGNS[outcome]} ${OUTCOME_WORDS[outcome]}</span>`;
}

export function lostText(writes: number | null): string {
  return writes === null ? 'not measured' : writes.toLocaleString('en-US');
}

function figure(label: string, value: string, aside: string, outcome: Outcome | null): Markup {
  return markup`<div><dt>${label}</dt><dd class="value">${value}</dd><dd class="quiet">${aside}</dd>${outcome === null ? null : markup`<dd>${outcomeMarkup(outcome)}</dd>`}</div>`;
}
