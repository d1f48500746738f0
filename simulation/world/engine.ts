import type { EngineProgress, StackEngine, UpdateOptions, UpdateOutcome } from '../../automation/stacks/stack-engine';
import { TRAFFIC_TYPE_SUFFIX } from '../../components/environment';
import { messageOf, OperatorError } from '../../components/errors';
import type { DriverProcess } from '../driver-process';
import { configOf } from './configs';
import { outputsOf, resourcesOf, removeResources } from './resources';
import type { EngineProcess, StackState, Universe } from './universe';

/** How long the engine of another driver is waited for. */
const PATIENCE_MS = 600_000;

/** What an engine process works with. */
export interface EngineWork {
  readonly engine: EngineProcess;
  /** Time that the engine takes; ends it when it was killed or asked to stop. */
  readonly pass: (milliseconds: number) => Promise<void>;
}

/** The engine as one driver uses it. Each update is a process of its own, and holds the stack's lock. */
export function simulatedEngine(universe: Universe, driver: DriverProcess): StackEngine {
  return {
    engineVersion: '3.246.0',
    checkBackend: () =>
      driver.look('check the backend', () => ({ id: 'state-backend', status: 'passed', evidence: 'at hand' })),
    ensureStack: async (name, prepare) => {
      await prepare();
      await driver.change(`ensure stack ${name}`, () => {
        if (!universe.stacks.has(name)) {
          universe.stacks.set(name, { name, made: new Set(), record: null, lock: null });
        }
      });
    },
    update: (name, options) =>
      driver.change(`update ${name}${options.targetType === undefined ? '' : ' (traffic alone)'}`, () =>
        awaited(universe, name, () =>
          locked(universe, driver, { stack: stackOf(universe, name), progress: options }, (work) =>
            update(universe, name, options, work)
          )
        )
      ),
    outputs: (name) => driver.look(`outputs of ${name}`, () => outputsOf(universe, name)),
    destroy: (name, progress) =>
      driver.change(`destroy ${name}`, async () => {
        const stack = universe.stacks.get(name);
        if (stack !== undefined) {
          await locked(universe, driver, { stack, progress }, (work) => removeResources(universe, stack, work));
          universe.stacks.delete(name);
        }
        universe.configs.delete(name);
      }),
    stopEnginesOf: ({ host, pid }) =>
      driver.change(`stop the engines of process ${pid}`, () => {
        if (host !== driver.host) {
          return [];
        }
        const found = [...universe.engines].filter(
          (engine) => engine.host === host && engine.pid === pid && engine.alive
        );
        for (const engine of found) {
          engine.alive = false;
        }
        return found.map((engine) => engine.id);
      }),
    unprotect: (name) => driver.change(`unprotect ${name}`, () => undefined),
  };
}

function stackOf(universe: Universe, name: string): StackState {
  const stack = universe.stacks.get(name);
  if (stack === undefined) {
    throw new OperatorError('recovery-failed', `There is no stack ${name}.`, { hint: 'Look at the backend.' });
  }
  return stack;
}

async function locked<Result>(
  universe: Universe,
  driver: DriverProcess,
  { stack, progress }: { readonly stack: StackState; readonly progress: EngineProgress },
  work: (work: EngineWork) => Promise<Result>
): Promise<Result> {
  await freeLock(universe, driver, stack, progress);
  const engine: EngineProcess = {
    id: universe.engines.size + 1,
    ...{ host: driver.host, pid: driver.pid, alive: true, stopping: false },
  };
  universe.engines.add(engine);
  driver.engines.add(engine);
  stack.lock = engine;
  const stop = (): void => {
    engine.stopping = true;
  };
  progress.signal.addEventListener('abort', stop, { once: true });
  const pass = async (milliseconds: number): Promise<void> => {
    await universe.scheduler.sleep(milliseconds);
    if (!engine.alive) {
      await engineIsGone(driver);
    }
    if (engine.stopping) {
      throw new OperatorError('recovery-failed', `The engine was stopped while it updated ${stack.name}.`, {
        hint: 'Run it again.',
      });
    }
  };
  try {
    return await work({ engine, pass });
  } catch (error) {
    universe.trace.add(`engine ${engine.id}`, `${stack.name} failed: ${messageOf(error)}`);
    throw error;
  } finally {
    progress.signal.removeEventListener('abort', stop);
    if (engine.alive) {
      engine.alive = false;
      stack.lock = null;
    }
  }
}

/** A driver whose engine was killed sees that it ended; one that is dead sees nothing. */
async function engineIsGone(driver: DriverProcess): Promise<never> {
  await driver.goOn();
  throw new OperatorError('recovery-failed', 'The engine was killed.', { hint: 'Run it again.' });
}

async function freeLock(
  universe: Universe,
  driver: DriverProcess,
  stack: StackState,
  { signal, onWaiting, onNote }: EngineProgress
): Promise<void> {
  const deadline = universe.scheduler.now + PATIENCE_MS;
  while (stack.lock !== null) {
    signal.throwIfAborted();
    const { lock } = stack;
    if (lock.host !== driver.host || universe.scheduler.now > deadline) {
      throw new OperatorError('recovery-failed', `Stack ${stack.name} is locked by process ${lock.pid}@${lock.host}.`, {
        hint: 'Make sure that it is dead, then pulumi cancel.',
      });
    }
    if (!lock.alive) {
      onNote?.(`The lock of an engine that is dead (pid ${lock.pid}) was broken`);
      stack.lock = null;
      return;
    }
    onWaiting(`the engine of process ${lock.pid}`);
    await driver.clock.sleep(500, signal);
  }
}

/** Waits for an update, unless the bug is put in that it counts as done when it has begun. */
async function awaited(universe: Universe, name: string, run: () => Promise<UpdateOutcome>): Promise<UpdateOutcome> {
  const running = run();
  if (universe.mutation !== 'update-not-awaited' || configOf(universe, name).common.restore === undefined) {
    return running;
  }
  const begun = universe.scheduler.sleep(2000).then(() => {
    const outputs = outputsOf(universe, name);
    const restoredFrom = { backup: 'the one that was asked for', skipped: [], replayedTo: null, shortfall: null };
    return { outputs: { ...outputs, database: { ...(outputs['database'] as object), restoredFrom } }, resources: [] };
  });
  return Promise.race([running, begun]);
}

async function update(
  universe: Universe,
  name: string,
  options: UpdateOptions,
  { engine, pass }: EngineWork
): Promise<UpdateOutcome> {
  // The program reads its config when it starts.
  const config = configOf(universe, name);
  const isTarget = options.targetType === TRAFFIC_TYPE_SUFFIX;
  // Of a cutover: what puts a record back compares with nothing, and is no part of this trouble.
  if (isTarget && config.common.activeEndpoint !== undefined) {
    universe.onTraffic?.();
    universe.onTraffic = null;
  }
  for (const resource of resourcesOf(config.common).filter((each) => !isTarget || each.type === TRAFFIC_TYPE_SUFFIX)) {
    const event = { name: `${name}-${resource.name}`, type: `simulation${resource.type}` };
    options.onResource({ ...event, state: 'started' });
    await pass(universe.random.between(100, 1500));
    await resource.make(universe, { stack: stackOf(universe, name), config, pass, by: `engine ${engine.id}` });
    options.onResource({ ...event, state: 'done' });
  }
  return { outputs: outputsOf(universe, name), resources: [] };
}
