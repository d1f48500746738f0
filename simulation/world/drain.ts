import { OperatorError } from '../../components/errors';
import type { Drained } from '../../components/site-operations';
import type { DriverProcess } from '../driver-process';
import { reachedSite, type StackAt } from './operations';
import { fenceSite, startDatabase } from './site';
import type { Universe } from './universe';

interface DrainWait {
  readonly waiting: (what: string) => void;
  readonly signal: AbortSignal;
}

/** As the local platform drains: the driver itself does it, so that one which is killed stops in the middle. */
export async function drain(
  universe: Universe,
  driver: DriverProcess,
  { stack, config }: StackAt,
  { waiting, signal }: DrainWait
): Promise<Drained> {
  const site = reachedSite(universe, stack, config.site);
  const { drained } = site;
  if (drained !== null && drained.starts === site.starts && site.database === 'stopped') {
    fenceSite(site, 'drained');
    return drained.result;
  }
  const place = config.recoverySite;
  if (place === undefined || !universe.isReachable(place) || universe.replica(stack, place) === null) {
    throw new OperatorError('preflight-failed', `There is no base backup of ${stack}.`, { hint: 'Wait for one.' });
  }
  universe.invariants.touched(universe, driver, stack, 'drained');
  site.application = false;
  startDatabase(site);
  const stoppedAt = new Date(universe.scheduler.now).toISOString();
  for (const what of ['objects', 'log']) {
    waiting(`${what} to reach ${place}`);
    await driver.clock.sleep(universe.random.between(200, 3000), signal);
  }
  reachedSite(universe, stack, config.site);
  if (!universe.isReachable(place)) {
    throw new OperatorError('recovery-failed', `The log does not reach ${place}.`, { hint: 'Look at it.' });
  }
  requireLock(universe, driver);
  const recoveryPoint =
    universe.mutation === 'drain-ships-nothing' ? 'none' : (universe.shipNow(site, place, { mark: true }) ?? '');
  await driver.clock.sleep(universe.random.between(50, 500), signal);
  requireLock(universe, driver);
  fenceSite(site, 'drained');
  const result = { position: String(site.log.length), recoveryPoint, stoppedAt };
  site.drained = { result, starts: site.starts };
  return result;
}

/**
 * What a drain of a driver that was taken over in its middle ought to find out before it stops and fences a site that
 * serves again. The contract gives a platform no way to ask: see "What it does not show" in docs/reference/simulation.md.
 */
function requireLock({ store }: Universe, { lease }: DriverProcess): void {
  const newest = Math.max(...[...store.keys()].map((key) => Number(/^locks\/.*\/(\d+)\.json$/.exec(key)?.[1] ?? 0)));
  if (newest > lease) {
    throw new OperatorError('locked', 'Another driver took over during the drain.', { hint: 'Look at what it does.' });
  }
}
