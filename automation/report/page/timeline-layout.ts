import type { RecoveryReport, ReportResource, ReportStep } from '../schema';

/** A span on the picture, in percent of its width: `x >= 0` and `x + width <= 100` always hold. */
export interface Bar {
  readonly x: number;
  readonly width: number;
}

export interface StepRow {
  readonly step: ReportStep;
  /** Null when the step did not start. */
  readonly bar: Bar | null;
  /** What was planned, from the step's start on; it is cut at the picture's end. */
  readonly budget: Bar | null;
  /** The part of the bar past the budget. */
  readonly over: Bar | null;
  readonly seconds: number | null;
}

export interface ResourceRow {
  readonly resource: ReportResource;
  readonly bar: Bar;
  readonly seconds: number;
}

export interface Mark {
  readonly letter: string;
  readonly label: string;
  readonly at: string;
  readonly x: number;
  /** Marks close to each other are set below one another. */
  readonly row: number;
  /** Seconds from the start of the run; negative before it. */
  readonly offsetSeconds: number;
}

export interface TimelineLayout {
  /** Seconds from the start of the run at the left edge, zero or less, and at the right edge. */
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly ticks: readonly { readonly x: number; readonly seconds: number }[];
  readonly marks: readonly Mark[];
  readonly steps: readonly StepRow[];
  readonly resources: readonly ResourceRow[];
  /** Resources too short to be worth a lane. */
  readonly hiddenResources: number;
}

const LEAST_WIDTH = 0.5;
const LANES = 14;
/** How far two marks must be apart, in percent, to stand in one row on a phone. */
const MARK_DISTANCE = 8;
const TICK_STEPS = [
  0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400,
];

/**
 * Where everything stands on the picture. It spans the run and what led up to it, but at most half as much before the run
 * as the run took: an outage found days later would leave the run itself a hair's breadth.
 */
export function layoutTimeline(report: RecoveryReport): TimelineLayout {
  const zero = Date.parse(report.startedAt);
  const offset = (iso: string): number => (Date.parse(iso) - zero) / 1000;
  const moments = namedMoments(report);
  const ends = [report.endedAt, ...moments.map(({ at }) => at), ...report.steps.flatMap((step) => step.endedAt ?? [])];
  const toSeconds = Math.max(0.001, ...ends.map(offset));
  const fromSeconds = Math.max(-toSeconds / 2, Math.min(0, ...moments.map(({ at }) => offset(at))));
  const percent = (seconds: number): number =>
    Math.min(100, Math.max(0, ((seconds - fromSeconds) / (toSeconds - fromSeconds)) * 100));
  const bar = (from: number, to: number): Bar => {
    const width = Math.max(LEAST_WIDTH, percent(to) - percent(from));
    return { x: Math.min(percent(from), 100 - width), width };
  };
  const resources = report.resources
    .map((resource) => {
      const from = offset(resource.startedAt);
      const to = resource.endedAt === null ? toSeconds : offset(resource.endedAt);
      return { resource, from, seconds: Math.max(0, to - from), bar: bar(from, to) };
    })
    .sort((a, b) => b.seconds - a.seconds);
  return {
    fromSeconds,
    toSeconds,
    ticks: ticksBetween(fromSeconds, toSeconds).map((seconds) => ({ seconds, x: percent(seconds) })),
    marks: placeMarks(
      moments.map((moment) => ({ ...moment, offsetSeconds: offset(moment.at) })),
      percent
    ),
    steps: report.steps.map((step) => stepRow(step, offset, toSeconds, bar)),
    resources: resources.slice(0, LANES).sort((a, b) => a.from - b.from),
    hiddenResources: Math.max(0, resources.length - LANES),
  };
}

function namedMoments({ moments }: RecoveryReport): { label: string; at: string }[] {
  const named: [string, string | null][] = [
    ['Outage', moments.outageAt],
    ['Detected', moments.detectedAt],
    ['Recovery decided', moments.decidedAt],
    ['Cutover', moments.cutoverAt],
    ['First good answer', moments.firstGoodAnswerAt],
  ];
  return named.flatMap(([label, at]) => (at === null ? [] : [{ label, at }])).sort((a, b) => compare(a.at, b.at));
}

function compare(a: string, b: string): number {
  return Date.parse(a) - Date.parse(b);
}

function stepRow(
  step: ReportStep,
  offset: (iso: string) => number,
  endSeconds: number,
  bar: (from: number, to: number) => Bar
): StepRow {
  if (step.startedAt === null) {
    return { step, bar: null, budget: null, over: null, seconds: null };
  }
  const from = offset(step.startedAt);
  const to = Math.max(from, step.endedAt === null ? endSeconds : offset(step.endedAt));
  const planned = from + step.budgetSeconds;
  return {
    step,
    bar: bar(from, to),
    budget: bar(from, planned),
    over: to > planned ? bar(planned, to) : null,
    seconds: to - from,
  };
}

function placeMarks(
  moments: readonly { label: string; at: string; offsetSeconds: number }[],
  percent: (seconds: number) => number
): Mark[] {
  const rowEnds: number[] = [];
  return moments.map((moment, index) => {
    const x = percent(moment.offsetSeconds);
    const free = rowEnds.findIndex((end) => x - end >= MARK_DISTANCE);
    const row = free === -1 ? rowEnds.length : free;
    rowEnds[row] = x;
    return { ...moment, letter: String.fromCharCode(65 + index), x, row };
  });
}

function ticksBetween(from: number, to: number): number[] {
  const rough = (to - from) / 5;
  const step = TICK_STEPS.find((size) => size >= rough) ?? Math.ceil(rough / 86400) * 86400;
  const first = Math.ceil(from / step);
  const count = Math.floor(to / step) - first + 1;
  // Products, not sums: 0.1 added ten times is not 1.
  return Array.from({ length: count }, (_, index) => (first + index) * step);
}
