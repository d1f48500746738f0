import type { RecoveryReport, ReportStep } from '../schema';
import { clockText, spanText } from '../wording';
import { type Markup, markup } from './markup';

const STATUS_WORDS: Record<ReportStep['status'], string> = {
  done: '✓ Done',
  failed: '✕ Failed',
  skipped: '– Skipped',
  'not-run': '○ Not run',
};

/** The steps as a table: the timeline's picture in figures. */
export function stepsSection({ steps }: RecoveryReport): Markup {
  return markup`<section aria-labelledby="steps">
<h2 id="steps">Steps</h2>
<table>
<thead><tr><th scope="col">Step</th><th scope="col">Result</th><th scope="col">Began</th><th scope="col">Took</th></tr></thead>
<tbody>${steps.map(stepRow)}</tbody></table>
</section>`;
}

function stepRow(step: ReportStep): Markup {
  const seconds =
    step.startedAt === null || step.endedAt === null
      ? null
      : (Date.parse(step.endedAt) - Date.parse(step.startedAt)) / 1000;
  const asides = [
    ...(step.waitedFor === undefined ? [] : [`waited for ${step.waitedFor}`]),
    ...(step.attempts > 1 ? [`${step.attempts} attempts`] : []),
  ];
  const over = seconds !== null && seconds > step.budgetSeconds;
  return markup`<tr><th scope="row">${step.title}${asides.length === 0 ? null : markup`<small class="quiet">${asides.join('; ')}</small>`}</th>
<td class="result">${STATUS_WORDS[step.status]}</td><td>${step.startedAt === null ? '–' : clockText(step.startedAt).slice(0, 8)}</td>
<td>${seconds === null ? '–' : spanText(Math.max(0, seconds))} <span class="quiet">of ${spanText(step.budgetSeconds)}</span>${over ? markup`<small class="outcome missed">✕ Over</small>` : null}</td></tr>`;
}
