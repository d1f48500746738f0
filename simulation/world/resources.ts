import type { CommonConfig } from '../../components/config';
import { OperatorError } from '../../components/errors';
import type { SiteOutputs } from '../../components/site-operations';
import { configOf, type SimulatedConfig } from './configs';
import type { EngineWork } from './engine';
import { writeRecord } from './record';
import { ADDRESS_OF, fenceSite, startDatabase, stopSite, type Place, type Site } from './site';
import type { StackState, Universe } from './universe';

interface Making {
  readonly stack: StackState;
  readonly config: SimulatedConfig;
  readonly pass: EngineWork['pass'];
  readonly by: string;
}

interface Resource {
  readonly name: string;
  readonly type: string;
  /** Brings the world to what the config wants, from whatever it is in. */
  readonly make: (universe: Universe, making: Making) => void | Promise<void>;
}

/** What the program has, in the order in which the engine makes it. */
export function resourcesOf({ role, siteRemoved }: CommonConfig): readonly Resource[] {
  return [
    ...(siteRemoved !== undefined ? [] : [network, database, application, protection]),
    ...(role === 'primary' ? [traffic] : []),
  ];
}

const network: Resource = {
  name: 'network',
  type: ':Network',
  make: (universe, { stack, config }) => {
    if (!universe.isReachable(config.site)) {
      throw new OperatorError('recovery-failed', `${config.site} cannot be reached.`, { hint: 'Bring it back.' });
    }
    if (universe.site(stack.name) === null) {
      universe.makeSite(stack.name, config.site, config.common.quarantine !== undefined);
      made(universe, stack, 'network');
    }
  },
};

const database: Resource = {
  name: 'database',
  type: ':Database',
  make: async (universe, { stack, config, pass }) => {
    const site = siteOf(universe, stack, config);
    if (!serves(stack, config)) {
      stopSite(site);
      return;
    }
    refuseWhenFenced(site);
    const isForgotten = universe.mutation === 'engine-forgets' && config.common.restore !== undefined;
    if (site.database === 'none' || isForgotten) {
      await restore(universe, { stack, config, pass, site });
    }
    startDatabase(site);
  },
};

const application: Resource = {
  name: 'application',
  type: ':Application',
  make: (universe, { stack, config }) => {
    const site = siteOf(universe, stack, config);
    if (!serves(stack, config)) {
      site.application = false;
      return;
    }
    refuseWhenFenced(site);
    const other = [...universe.sites.values()].find((each) => each.place === site.place && each.application);
    if (other !== undefined && other !== site) {
      throw new OperatorError('recovery-failed', `Port 443 of ${site.place} is taken by ${other.stack}.`, {
        hint: 'Stop it.',
      });
    }
    const { startDespite, restore: restored } = config.common;
    const knows = startDespite?.generation ?? restored?.generation ?? 0;
    if (universe.guardForbids(site, knows)) {
      fenceSite(site, 'another stack serves');
      throw new OperatorError('recovery-failed', `${site.stack} fenced itself: another stack serves.`, {
        hint: 'Leave it.',
      });
    }
    site.knows = knows;
    site.application = site.database === 'running';
    if (!stack.made.has('application')) {
      made(universe, stack, 'application');
    }
  },
};

const protection: Resource = {
  name: 'protection',
  type: ':Protection',
  make: (universe, { stack, config }) => {
    siteOf(universe, stack, config).protectedAt = config.recoverySite ?? null;
  },
};

const traffic: Resource = {
  name: 'traffic',
  type: ':Traffic',
  make: (universe, { stack, config, by }) => {
    const { activeEndpoint: active } = config.common;
    const wanted = {
      address: active?.address ?? ADDRESS_OF[config.site],
      stack: active?.stack ?? stack.name,
      generation: active?.generation ?? 0,
    };
    const { record } = universe;
    const same = [stack.record, record].every(
      (found) => found?.address === wanted.address && found.stack === wanted.stack
    );
    if (!same || record?.generation !== wanted.generation) {
      writeRecord(universe, wanted, { replaces: active?.replaces ?? null, by });
    }
    stack.record = wanted;
  },
};

function made(universe: Universe, stack: StackState, resource: string): void {
  universe.invariants.made(universe, stack.name, resource, stack.made.has(resource));
  stack.made.add(resource);
}

function serves({ name }: StackState, { common: { activeEndpoint: active, startDespite } }: SimulatedConfig): boolean {
  return active === undefined || active.stack === name || startDespite !== undefined;
}

function refuseWhenFenced(site: Site): void {
  if (site.fenceMark !== null) {
    throw new OperatorError('preflight-failed', `Nothing is started at ${site.stack}: it is fenced.`, {
      hint: 'Leave it.',
    });
  }
}

/** @throws when the place was lost meanwhile. */
function siteOf(universe: Universe, stack: StackState, { site: place }: SimulatedConfig): Site {
  const site = universe.site(stack.name);
  if (site === null || !universe.isReachable(place)) {
    throw new OperatorError('recovery-failed', `${stack.name} at ${place} cannot be reached.`, {
      hint: 'Bring it back.',
    });
  }
  return site;
}

async function restore(
  universe: Universe,
  { stack, config, pass, site }: Omit<Making, 'by'> & { readonly site: Site }
): Promise<void> {
  const { restore: wanted } = config.common;
  if (wanted === undefined) {
    throw new OperatorError('recovery-failed', `${stack.name} was to begin with an empty database.`, { hint: 'Look.' });
  }
  const source = wanted.source as { stack: string; place: Place };
  const parts = universe.random.between(1, 6);
  for (let part = 1; part <= parts; part++) {
    site.restoreProgress = `${part} of ${parts}`;
    await pass(universe.random.between(500, 8000));
  }
  site.restoreProgress = null;
  const replica = universe.isReachable(source.place) ? universe.replica(source.stack, source.place) : null;
  if (replica === null || replica.points.length === 0) {
    throw new OperatorError('recovery-failed', 'The recovery point is gone.', { hint: 'Choose another one.' });
  }
  siteOf(universe, stack, config);
  const whole = replica.log.slice(0, replica.shipped);
  const { lie } = universe;
  site.log = lie === 'empty' ? [] : lie === 'short' ? whole.slice(0, Math.floor(whole.length / 2)) : whole;
  site.readOnly = lie === 'read-only';
  site.restoredFrom = {
    backup: `${source.stack}-1`,
    skipped: [],
    replayedTo: String(site.log.length),
    shortfall: null,
  };
  site.database = 'stopped';
  made(universe, stack, 'database');
}

/** What a stack made goes, last made first. */
export async function removeResources(universe: Universe, stack: StackState, { pass }: EngineWork): Promise<void> {
  const site = universe.site(stack.name);
  const place = universe.configs.has(stack.name) ? configOf(universe, stack.name).site : site?.place;
  await pass(universe.random.between(100, 2000));
  if (site !== null && !universe.isReachable(site.place)) {
    throw new OperatorError('recovery-failed', `${place ?? 'its site'} cannot be reached.`, { hint: 'Bring it back.' });
  }
  universe.invariants.removed(universe, stack.name);
  if (site !== null) {
    stopSite(site);
    await pass(universe.random.between(100, 2000));
    universe.sites.delete(stack.name);
  }
  stack.made.clear();
}

export function outputsOf(universe: Universe, name: string): Record<string, unknown> {
  const site = universe.site(name);
  const record = universe.stacks.get(name)?.record ?? null;
  const endpoint = record === null ? null : { address: record.address };
  if (site === null) {
    return { endpoint };
  }
  const address = ADDRESS_OF[site.place];
  const outputs: SiteOutputs = {
    siteEndpoint: { address, port: 443 },
    database: {
      ...{ host: address, port: 5432, name: 'medplum', username: 'medplum', passwordSecret: 'DATABASE_PASSWORD' },
      restoredFrom: site.restoredFrom,
    },
    cache: null,
    binaryStorage: `file:${name}`,
    // Tells verification which site it looks at.
    secretsLocation: name,
  };
  return { ...outputs, endpoint };
}
