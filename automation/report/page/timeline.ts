import type { RecoveryReport, ReportStep } from '../schema';
import { clockText, spanText } from '../wording';
import { type Markup, markup } from './markup';
import {
  type Bar,
  layoutTimeline,
  type Mark,
  type ResourceRow,
  type StepRow,
  type TimelineLayout,
} from './timeline-layout';

const ROW = 34;
const MARK_ROW = 24;
const AXIS = 22;
/** The most characters of a label beside which its figures still fit, on a phone and on anything wider. */
const SHORT_LABEL = 27;
const FULL_LABEL = 50;

const STATUS_SIGNS: Record<ReportStep['status'], string> = { done: '✓', failed: '✕', skipped: '–', 'not-run': '○' };

/**
 * The run as a picture: steps over their budgets with marks for the moments, and the engine's resources in lanes on the
 * same scale. Positions across are in percent and the rest in pixels, so its text keeps its size on a phone and on paper.
 */
export function timelineSection(report: RecoveryReport): Markup {
  const layout = layoutTimeline(report);
  return markup`<section aria-labelledby="timeline">
<h2 id="timeline">Timeline</h2>
<p class="quiet">From the start of the run at ${clockText(report.startedAt)} UTC. A pale track is a step’s budget; what ran past it is hatched.</p>
${stepsPicture(layout)}
<ol class="marks">${layout.marks.map(markLegend)}</ol>
${layout.resources.length === 0 ? null : lanesPicture(layout)}
</section>`;
}

function stepsPicture(layout: TimelineLayout): Markup {
  const top = (Math.max(-1, ...layout.marks.map(({ row }) => row)) + 1) * MARK_ROW + AXIS;
  const height = top + layout.steps.length * ROW;
  const text = [
    ...layout.steps.map(
      ({ step, seconds }) => `${step.title}: ${seconds === null ? 'not started' : spanText(seconds)}`
    ),
    ...layout.marks.map(({ label, offsetSeconds }) => `${label} ${offsetText(offsetSeconds)}`),
  ].join('. ');
  return markup`<div class="picture"><svg width="100%" height="${height}" role="img" aria-labelledby="steps-title steps-text">
<title id="steps-title">The steps of the run against their budgets</title>
<desc id="steps-text">${text}</desc>
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="over-ground"/><rect width="3" height="6" class="over-line"/></pattern></defs>
${gridMarkup(layout, top, height)}
${layout.marks.map((mark) => markMarkup(mark, height))}
${layout.steps.map((row, index) => stepMarkup(row, top + index * ROW))}
</svg></div>`;
}

function lanesPicture(layout: TimelineLayout): Markup {
  const height = AXIS + layout.resources.length * ROW;
  const text = layout.resources.map(({ resource, seconds }) => `${resource.name}: ${spanText(seconds)}`).join('. ');
  return markup`<h3>Side by side in the engine</h3>
<div class="picture"><svg width="100%" height="${height}" role="img" aria-labelledby="lanes-title lanes-text">
<title id="lanes-title">When the engine made each resource</title>
<desc id="lanes-text">${text}</desc>
${gridMarkup(layout, AXIS, height)}
${layout.resources.map((row, index) => laneMarkup(row, AXIS + index * ROW))}
</svg></div>
${layout.hiddenResources > 0 ? markup`<p class="quiet">${layout.hiddenResources} shorter resources are not drawn.</p>` : null}`;
}

function gridMarkup({ ticks }: TimelineLayout, top: number, height: number): Markup {
  return markup`${ticks.map((tick) => tickMarkup(tick.x, tick.seconds, top, height))}`;
}

function offsetText(seconds: number): string {
  return seconds < 0 ? `${spanText(-seconds)} before the start` : `at ${spanText(seconds)}`;
}

function tickMarkup(x: number, seconds: number, top: number, height: number): Markup {
  const anchor = x < 4 ? 'start' : x > 96 ? 'end' : 'middle';
  const label = seconds < 0 ? `−${spanText(-seconds)}` : spanText(seconds);
  return markup`<line class="grid" x1="${percent(x)}" x2="${percent(x)}" y1="${top - 4}" y2="${height}"/><text class="tick" x="${percent(x)}" y="${top - 9}" text-anchor="${anchor}">${label}</text>`;
}

function markMarkup({ letter, label, x, row }: Mark, height: number): Markup {
  const y = row * MARK_ROW + 11;
  return markup`<g class="mark"><title>${label}</title><line x1="${percent(x)}" x2="${percent(x)}" y1="${y}" y2="${height}"/><circle cx="${percent(x)}" cy="${y}" r="9.5"/><text x="${percent(x)}" y="${y + 4}" text-anchor="middle">${letter}</text></g>`;
}

function markLegend({ letter, label, at, offsetSeconds }: Mark): Markup {
  return markup`<li><b class="letter">${letter}</b> ${label} <span class="quiet">${clockText(at)}, ${offsetText(offsetSeconds)}</span></li>`;
}

function stepMarkup({ step, bar, budget, over, seconds }: StepRow, y: number): Markup {
  const spent =
    seconds === null ? step.status.replace('-', ' ') : `${spanText(seconds)} of ${spanText(step.budgetSeconds)}`;
  return markup`<g class="step ${step.status}"><title>${step.title}: ${step.status}, ${spent}</title>
${labels(`${STATUS_SIGNS[step.status]} ${step.title}`, spent, y)}
${rectangle('budget', budget, y)}${rectangle('bar', bar, y)}${rectangle('over', over, y)}</g>`;
}

function laneMarkup({ resource, bar, seconds }: ResourceRow, y: number): Markup {
  const kind = resource.type.split(':').at(-1) ?? resource.type;
  const spent = resource.endedAt === null ? 'did not end' : spanText(seconds);
  return markup`<g class="lane"><title>${resource.name} (${resource.type}): ${spent}</title>
${labels(kind === resource.name ? kind : `${kind} ${resource.name}`, spent, y)}
${rectangle('bar', bar, y)}</g>`;
}

function labels(label: string, figures: string, y: number): Markup {
  const place = markup`x="0" y="${y + 13}"`;
  const text =
    label.length <= SHORT_LABEL
      ? markup`<text class="label" ${place}>${label}</text>`
      : markup`<text class="label full" ${place}>${shortened(label, FULL_LABEL)}</text><text class="label short" ${place}>${shortened(label, SHORT_LABEL)}</text>`;
  return markup`${text}<text class="figures" x="100%" y="${y + 13}" text-anchor="end">${figures}</text>`;
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function rectangle(kind: string, bar: Bar | null, y: number): Markup | null {
  return bar === null
    ? null
    : markup`<rect class="${kind}" x="${percent(bar.x)}" width="${percent(bar.width)}" y="${y + 18}" height="9" rx="2"/>`;
}

function percent(value: number): string {
  return `${Number(value.toFixed(3))}%`;
}
