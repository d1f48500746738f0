import type { StepId } from '../automation/recovery/results';
import type { StepMoment } from '../automation/recovery/run';
import type { Random } from './random';

/** What goes wrong with one driver. Calls are counted from 1, those to the control store included. */
export interface FaultPlan {
  /** Once it is false nothing goes wrong any more. */
  readonly active: () => boolean;
  readonly killAt:
    | { readonly kind: 'call'; readonly call: number; readonly afterEffect: boolean }
    | { readonly kind: 'moment'; readonly step: StepId; readonly moment: StepMoment }
    | null;
  /** `check`: right before it asks whether it still holds the lock, for the n-th time; a change follows then as a rule. */
  readonly pauseAt: { readonly kind: 'call' | 'check'; readonly number: number; readonly milliseconds: number } | null;
  /** How likely a call fails once, and takes seconds. */
  readonly failing: number;
  readonly slow: number;
  /** Calls whose name begins so fail for good. */
  readonly broken: string | null;
}

const STEPS: readonly [StepId, ...StepId[]] = [
  ...(['preflight', 'drain', 'recovery-point', 'fence', 'recovery-stack'] as const),
  ...(['verify-data', 'application-recovery', 'health', 'cutover', 'protect'] as const),
];

const BREAKABLE = [
  'verify',
  'probe',
  'plan the restore',
  'resolve',
  'update',
  'write config',
  'fence',
  'drain',
] as const;

/** Most drivers have one thing go wrong, some have many. */
export function faultsOf(random: Random, active: () => boolean): FaultPlan {
  const isBad = random.chance(0.3);
  return {
    active,
    killAt: random.chance(0.35) ? killOf(random) : null,
    pauseAt: random.chance(0.2) ? pauseOf(random) : null,
    failing: isBad ? 0.04 : random.pick([0, 0, 0.01]),
    slow: isBad ? 0.05 : random.pick([0, 0.01]),
    broken: random.chance(0.06) ? random.pick(BREAKABLE) : null,
  };
}

function pauseOf(random: Random): FaultPlan['pauseAt'] {
  const milliseconds = random.between(1000, 240_000);
  return random.chance(0.5)
    ? { kind: 'call', number: random.between(1, 250), milliseconds }
    : { kind: 'check', number: random.between(1, 20), milliseconds };
}

function killOf(random: Random): FaultPlan['killAt'] {
  return random.chance(0.5)
    ? { kind: 'call', call: random.between(1, 250), afterEffect: random.chance(0.5) }
    : {
        kind: 'moment',
        step: random.pick(STEPS),
        moment: random.pick(['before-effect', 'after-effect', 'after-journal']),
      };
}
