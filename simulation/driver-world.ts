import type { World } from '../automation/recovery/world';
import type { ControlStore } from '../automation/control/store';
import { recoveryReportSchema } from '../automation/report/schema';
import type { DriverProcess } from './driver-process';
import { simulatedConfigs } from './world/configs';
import { simulatedEngine } from './world/engine';
import { simulatedStore } from './world/store';
import { simulatedVerification } from './world/verification';
import type { Universe } from './world/universe';

/** The world as one simulated driver has it: the whole of what it can reach. */
export function driverWorld(universe: Universe, driver: DriverProcess, isAlive: (pid: number) => boolean): World {
  return {
    clock: driver.clock,
    random: () => universe.random.next(),
    store: mutated(universe, driver, simulatedStore(universe, driver)),
    engine: simulatedEngine(universe, driver),
    configs: simulatedConfigs(universe, driver),
    verification: simulatedVerification(universe, driver),
    process: {
      identity: { user: 'simulation', host: driver.host, pid: driver.pid },
      space: () => Promise.resolve('simulation'),
      isAlive,
    },
    writeReport: (_directory, report) =>
      driver.store('write the report', () => {
        recoveryReportSchema.parse(report);
      }),
  };
}

function mutated(universe: Universe, driver: DriverProcess, store: ControlStore): ControlStore {
  if (universe.mutation === 'lock-not-released') {
    return { ...store, create: async (key, text) => key.endsWith('.released') || store.create(key, text) };
  }
  if (universe.mutation !== 'no-fencing-check') {
    return store;
  }
  return {
    ...store,
    list: async (prefix) => {
      const keys = await store.list(prefix);
      if (driver.lease === 0 || !prefix.startsWith('locks/')) {
        return keys;
      }
      const own = `${prefix}${String(driver.lease).padStart(8, '0')}.json`;
      return [...keys.filter((key) => leaseOf(key) <= driver.lease && key !== own), own].sort();
    },
  };
}

function leaseOf(key: string): number {
  return Number(/^locks\/.*\/(\d+)\./.exec(key)?.[1] ?? 0);
}
