import type { BenchResult } from './results';

/** A result as lines of a Markdown table, for the terminal and the docs alike. */
export function tableOf(result: BenchResult): string[] {
  const { floor, driver } = result.spread;
  const { copy, replay, application, dns } = result.floorParts;
  const head = ['step', 'by hand, s', 'driver, s', 'over, s'];
  const rows = result.steps.map((step) => [
    step.id,
    seconds(step.floorSeconds),
    seconds(step.driverSeconds),
    seconds(step.overheadSeconds),
  ]);
  const total = ['all', seconds(result.floorSeconds), seconds(result.driverSeconds), seconds(result.overheadSeconds)];
  return [
    `${result.name}: database ${megabytes(result.databaseBytes)} MB, ${megabytes(result.logBytes)} MB of log after the base backup`,
    `ratio ${result.ratio.toFixed(2)}, ${seconds(result.overheadSeconds)} s over the floor; medians of ${result.rounds} rounds (${result.order.join('; ')})`,
    `by hand ${seconds(floor.least)} to ${seconds(floor.most)} s (copy ${seconds(copy)}, replay ${seconds(replay)}, application ${seconds(application)}, DNS ${seconds(dns)}); driver ${seconds(driver.least)} to ${seconds(driver.most)} s`,
    `${result.machine.processors} processors, load ${result.machine.loadBefore.toFixed(1)} before; caches ${result.cachesDropped ? 'dropped before each recovery' : 'not dropped (not root)'}`,
    '',
    ...[head, ['---', '---:', '---:', '---:'], ...rows, total].map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ];
}

function seconds(value: number): string {
  return value.toFixed(2);
}

function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1e6));
}
