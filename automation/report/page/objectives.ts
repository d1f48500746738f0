import type { KnownSpan, RecoveryReport } from '../schema';
import { objectiveOutcome, spanText } from '../wording';
import { type Markup, markup } from './markup';
import { lostText, outcomeMarkup } from './verdict';

/** Objectives against what was achieved, and the recovery time in its parts with how each came to be known. */
export function objectivesSection(report: RecoveryReport): Markup {
  const { achieved, objectives, rtoParts } = report;
  return markup`<section aria-labelledby="objectives">
<h2 id="objectives">Objectives and what was achieved</h2>
<table>
<thead><tr><th scope="col">Measure</th><th scope="col">Objective</th><th scope="col">Achieved</th><th scope="col">Outcome</th></tr></thead>
<tbody>
<tr><th scope="row">Recovery time (RTO)</th><td>${spanText(objectives.rtoSeconds)}</td><td>${spanText(achieved.rtoSeconds)}</td><td>${outcomeMarkup(objectiveOutcome(report, 'rtoSeconds'))}</td></tr>
<tr><th scope="row">Data loss (RPO)</th><td>${spanText(objectives.rpoSeconds)}</td><td>${spanText(achieved.rpoSeconds)}</td><td>${outcomeMarkup(objectiveOutcome(report, 'rpoSeconds'))}</td></tr>
${unaimed('… of the database', spanText(achieved.databaseRpoSeconds))}
${unaimed('… of the objects', spanText(achieved.objectsRpoSeconds))}
${unaimed('Client downtime', spanText(achieved.clientDowntimeSeconds))}
${unaimed('Acknowledged writes lost', lostText(achieved.acknowledgedWritesLost))}
</tbody></table>
<h3>Where the time went</h3>
<table>
<thead><tr><th scope="col">Part</th><th scope="col">Took</th><th scope="col">How it is known</th></tr></thead>
<tbody>
${part('Detection: outage to alarm', rtoParts.detectionSeconds)}
${part('Decision: alarm to start of the run', rtoParts.decisionSeconds)}
${part('Driver: start of the run to cutover', rtoParts.driverSeconds)}
${part('Seen by a client: last to first good answer', rtoParts.clientSeenSeconds)}
</tbody></table>
</section>`;
}

function unaimed(label: string, value: string): Markup {
  return markup`<tr><th scope="row">${label}</th><td class="quiet">none</td><td>${value}</td><td class="quiet">–</td></tr>`;
}

function part(label: string, span: KnownSpan): Markup {
  const text = span.source === 'estimated' ? `≈ ${spanText(span.value)}` : spanText(span.value);
  return markup`<tr><th scope="row">${label}</th><td class="result">${span.source === 'not-measured' ? '–' : text}</td><td><span class="source ${span.source}">${span.source.replace('-', ' ')}</span></td></tr>`;
}
