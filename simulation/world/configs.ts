import type { StackConfigs } from '../../automation/stacks/stack-configs';
import { commonSchema, type CommonConfig } from '../../components/config';
import { OperatorError } from '../../components/errors';
import type { PlatformEnvironment } from '../../components/platform';
import type { DriverProcess } from '../driver-process';
import { simulatedOperations } from './operations';
import type { Place } from './site';
import type { Universe } from './universe';

const OWN_KEYS: ReadonlySet<string> = new Set([
  ...['role', 'site', 'recoverySite', 'activeEndpoint', 'startDespite', 'siteRemoved', 'restore', 'quarantine'],
]);

/** The stacks' configs as one driver reaches them. */
export function simulatedConfigs(universe: Universe, driver: DriverProcess): StackConfigs {
  const { configs } = universe;
  const set = (stack: string, change: (values: Record<string, unknown>) => Record<string, unknown>): void => {
    configs.set(stack, change(configs.get(stack) ?? {}));
    universe.invariants.configChanged(universe, driver, stack);
  };
  return {
    names: () => driver.look('list configs', () => [...configs.keys()]),
    read: (stack) => driver.look(`read config ${stack}`, () => valuesOf(universe, stack)),
    write: (stack, values) =>
      driver.change(`write config ${stack}: ${Object.keys(values).join(', ')}`, () => {
        set(stack, (before) => ({ ...before, ...values }));
      }),
    remove: (stack, key) =>
      driver.change(`remove ${key} from config ${stack}`, () => {
        set(stack, ({ [key]: _removed, ...others }) => others);
      }),
    open: (stack) => driver.look(`open config ${stack}`, () => environmentOf(universe, driver, stack)),
  };
}

/** @throws OperatorError when there is no such stack. */
export function valuesOf({ configs }: Universe, stack: string): Record<string, unknown> {
  const values = configs.get(stack);
  if (values === undefined) {
    throw new OperatorError('bad-input', `There is no config of stack ${stack}.`, { hint: 'Name another one.' });
  }
  return structuredClone(values);
}

export interface SimulatedConfig {
  readonly common: CommonConfig;
  readonly site: Place;
  readonly recoverySite: Place | undefined;
}

export function configOf(universe: Universe, stack: string): SimulatedConfig {
  const { site, recoverySite, ...values } = valuesOf(universe, stack);
  return {
    common: commonSchema.parse(values),
    site: site as Place,
    recoverySite: recoverySite as Place | undefined,
  };
}

function environmentOf(universe: Universe, driver: DriverProcess, stack: string): PlatformEnvironment {
  const values = valuesOf(universe, stack);
  const config = configOf(universe, stack);
  return {
    config: config.common,
    site: config.site,
    recoverySite: config.recoverySite,
    isStandIn: true,
    controlDirectory: '/outside',
    layers: () => {
      throw new Error('a simulation makes no layers');
    },
    recoveryConfig: (restore, quarantine) => ({
      ...Object.fromEntries(Object.entries(values).filter(([key]) => !OWN_KEYS.has(key))),
      ...{ role: 'recovery', site: config.recoverySite, restore },
      ...(quarantine === undefined ? {} : { quarantine }),
    }),
    protectionConfig: (other) => ({ recoverySite: other['site'] }),
    operations: () => simulatedOperations(universe, driver, { stack, config }),
  };
}
