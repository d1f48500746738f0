import os from 'node:os';
import type { DriverTimes } from './by-driver';
import type { HandTimes } from './by-hand';
import type { LostEnvironment, Size } from './lost-environment';

/** One recovery each way. */
export interface Round {
  readonly first: 'hand' | 'driver';
  readonly hand: HandTimes;
  readonly driver: DriverTimes;
}

interface Spread {
  readonly least: number;
  readonly most: number;
}

/** Medians over the rounds. */
export interface BenchResult {
  readonly name: string;
  readonly floorSeconds: number;
  readonly driverSeconds: number;
  readonly ratio: number;
  readonly overheadSeconds: number;
  /** The driver's steps against what a hand does in their place; 0 where a hand does nothing. */
  readonly steps: readonly {
    readonly id: string;
    readonly floorSeconds: number;
    readonly driverSeconds: number;
    readonly overheadSeconds: number;
  }[];
  readonly floorParts: HandTimes;
  readonly spread: { readonly floor: Spread; readonly driver: Spread };
  readonly rounds: number;
  readonly order: readonly string[];
  readonly cachesDropped: boolean;
  readonly databaseBytes: number;
  readonly logBytes: number;
  readonly machine: {
    readonly processors: number;
    readonly memoryBytes: number;
    readonly node: string;
    readonly platform: string;
    /** Load of the last minute before the first round: what else the machine did. */
    readonly loadBefore: number;
    readonly date: string;
  };
}

/** What a hand does in the place of a step. */
function handPart(step: string, hand: HandTimes): number {
  switch (step) {
    case 'recovery-stack':
      return hand.copy + hand.replay + hand.application;
    case 'cutover':
      return hand.dns;
    default:
      return 0;
  }
}

export function handSeconds(hand: HandTimes): number {
  return hand.copy + hand.replay + hand.application + hand.dns;
}

export function resultOf(
  size: Size,
  environment: LostEnvironment,
  rounds: readonly Round[],
  conditions: { readonly cachesDropped: boolean; readonly loadBefore: number }
): BenchResult {
  const floors = rounds.map((round) => handSeconds(round.hand));
  const drivers = rounds.map((round) => round.driver.seconds);
  const [floorSeconds, driverSeconds] = [median(floors), median(drivers)];
  const ids = Object.keys(rounds[0]?.driver.steps ?? {});
  const part = (name: keyof HandTimes): number => median(rounds.map((round) => round.hand[name]));
  return {
    name: size.name,
    floorSeconds: rounded(floorSeconds),
    driverSeconds: rounded(driverSeconds),
    ratio: rounded(driverSeconds / floorSeconds),
    overheadSeconds: rounded(driverSeconds - floorSeconds),
    steps: ids.map((id) => {
      const floor = median(rounds.map((round) => handPart(id, round.hand)));
      const driver = median(rounds.map((round) => round.driver.steps[id] ?? 0));
      return {
        id,
        floorSeconds: rounded(floor),
        driverSeconds: rounded(driver),
        overheadSeconds: rounded(driver - floor),
      };
    }),
    floorParts: { copy: part('copy'), replay: part('replay'), application: part('application'), dns: part('dns') },
    spread: { floor: spread(floors), driver: spread(drivers) },
    rounds: rounds.length,
    order: rounds.map((round) => (round.first === 'hand' ? 'hand, driver' : 'driver, hand')),
    cachesDropped: conditions.cachesDropped,
    databaseBytes: environment.databaseBytes,
    logBytes: environment.logBytes,
    machine: {
      processors: os.availableParallelism(),
      memoryBytes: os.totalmem(),
      node: process.version,
      platform: `${os.platform()} ${os.release()} ${os.arch()}`,
      loadBefore: conditions.loadBefore,
      date: new Date().toISOString(),
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const pair = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return pair.reduce((sum, value) => sum + value, 0) / pair.length;
}

function spread(values: readonly number[]): Spread {
  return { least: rounded(Math.min(...values)), most: rounded(Math.max(...values)) };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
