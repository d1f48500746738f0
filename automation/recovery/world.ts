import type { PlatformEnvironment } from '../../components/platform';
import type { SiteOperations } from '../../components/site-operations';
import type { DriverProcess } from '../control/process-space';
import type { ControlStore } from '../control/store';
import type { RecoveryReport } from '../report/schema';
import type { StackConfigs } from '../stacks/stack-configs';
import type { StackEngine } from '../stacks/stack-engine';
import type { SiteVerification } from '../verification/site';
import type { Clock } from './clock';
import { retried } from './retry';

/** Everything outside a run that it works with. The platform comes in by `configs.open`. */
export interface World {
  readonly clock: Clock;
  /** For jitter; from 0 up to 1. */
  readonly random: () => number;
  readonly store: ControlStore;
  readonly engine: StackEngine;
  readonly configs: StackConfigs;
  readonly verification: SiteVerification;
  /** The process that this driver is: its lock names it. */
  readonly process: DriverProcess;
  /** Puts a run's report into a folder. */
  readonly writeReport: (directory: string, report: RecoveryReport) => Promise<unknown>;
}

/**
 * The world as one driver may use it. Right before each change `check` is asked whether the driver still holds the
 * environment: one that was taken over and wakes up again changes nothing. What only looks is tried again when it fails in
 * a way that passes.
 */
export function guarded(world: World, check: () => Promise<void>): World {
  const { engine, configs } = world;
  const change =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      await check();
      return call(...args);
    };
  return {
    ...world,
    engine: {
      engineVersion: engine.engineVersion,
      checkBackend: () => engine.checkBackend(),
      outputs: (name) => engine.outputs(name),
      ensureStack: change((name, prepare) =>
        engine.ensureStack(name, async () => {
          await prepare();
          await check();
        })
      ),
      update: change((name, options) => engine.update(name, options)),
      destroy: change((name, progress) => engine.destroy(name, progress)),
      stopEnginesOf: change((driver) => engine.stopEnginesOf(driver)),
      unprotect: change((name) => engine.unprotect(name)),
    },
    configs: {
      names: () => configs.names(),
      read: (stack) => configs.read(stack),
      write: change((stack, values, comment) => configs.write(stack, values, comment)),
      remove: change((stack, key) => configs.remove(stack, key)),
      open: async (stack) => guardedEnvironment(await configs.open(stack), world, { change, check }),
    },
  };
}

type Change = <Args extends readonly unknown[], Result>(
  call: (...args: Args) => Promise<Result>
) => (...args: Args) => Promise<Result>;

interface Guard {
  readonly change: Change;
  readonly check: () => Promise<void>;
}

function guardedEnvironment(environment: PlatformEnvironment, world: World, guard: Guard): PlatformEnvironment {
  return { ...environment, operations: () => guardedOperations(environment.operations(), world, guard) };
}

function guardedOperations(operations: SiteOperations, world: World, { change, check }: Guard): SiteOperations {
  const look =
    <Args extends readonly unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      retried(() => call(...args), world);
  return {
    preflight: look((stack) => operations.preflight(stack)),
    recoveryPoints: look(() => operations.recoveryPoints()),
    continuousWindow: look(() => operations.continuousWindow()),
    planRestore: look((target) => operations.planRestore(target)),
    secret: look((outputs, name) => operations.secret(outputs, name)),
    connectDatabase: look((outputs) => operations.connectDatabase(outputs)),
    missingObjects: look((outputs, objects) => operations.missingObjects(outputs, objects)),
    resolve: look(() => operations.resolve()),
    lastOutage: look(() => operations.lastOutage()),
    condition: look(() => operations.condition()),
    protectionProgress: look(() => operations.protectionProgress()),
    restoreProgress: look((stack) => operations.restoreProgress(stack)),
    blockedAttempts: look((stack) => operations.blockedAttempts(stack)),
    remains: look(() => operations.remains()),
    fence: change(() => operations.fence()),
    stopApplication: change(() => operations.stopApplication()),
    unfence: change(() => operations.unfence()),
    drain: change((wait) => operations.drain({ ...wait, check })),
    removeRemains: change(() => operations.removeRemains()),
  };
}
