import type { ControlStore } from '../../automation/control/store';
import type { DriverProcess } from '../driver-process';
import type { Universe } from './universe';

/** The control store as one driver reaches it. Each operation happens at one moment. */
export function simulatedStore(universe: Universe, driver: DriverProcess): ControlStore {
  const { store, invariants, trace } = universe;
  return {
    address: 'memory of a simulation',
    create: (key, text) =>
      driver.store(`create ${key}`, () => {
        if (store.has(key)) {
          return false;
        }
        store.set(key, text);
        const lease = /^locks\/.*\/(\d+)\.json$/.exec(key)?.[1];
        if (lease !== undefined) {
          driver.lease = Number(lease);
          trace.add(driver.name, `holds lease ${driver.lease}`);
        }
        if (key.startsWith('recoveries/')) {
          invariants.journalled(universe, driver, { key, text });
        }
        return true;
      }),
    replace: (key, text) =>
      driver.store(`replace ${key}`, () => {
        store.set(key, text);
      }),
    read: (key) => driver.store(`read ${key}`, () => store.get(key) ?? null),
    list: (prefix) =>
      driver.store(`list ${prefix}`, () => [...store.keys()].filter((key) => key.startsWith(prefix)).sort()),
    remove: (key) =>
      driver.store(`remove ${key}`, () => {
        store.delete(key);
      }),
  };
}
