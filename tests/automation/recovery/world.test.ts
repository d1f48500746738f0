import { expect } from 'chai';
import { guarded, type World } from '../../../automation/recovery/world';
import { realClock } from '../../../automation/recovery/clock';
import type { StackConfigs } from '../../../automation/stacks/stack-configs';
import type { StackEngine } from '../../../automation/stacks/stack-engine';
import { OperatorError } from '../../../components/errors';
import type { PlatformEnvironment } from '../../../components/platform';
import type { SiteOperations } from '../../../components/site-operations';
import { failureOf } from '../../control/failure-of';
import { MemoryStore } from '../../control/memory-store';

type Kind = 'looks' | 'changes';

/** Every call into the world. A new one does not compile until it is said here what it is. */
const OPERATIONS: Readonly<Record<keyof SiteOperations, Kind>> = {
  preflight: 'looks',
  recoveryPoints: 'looks',
  continuousWindow: 'looks',
  planRestore: 'looks',
  condition: 'looks',
  restoreProgress: 'looks',
  protectionProgress: 'looks',
  blockedAttempts: 'looks',
  remains: 'looks',
  secret: 'looks',
  connectDatabase: 'looks',
  missingObjects: 'looks',
  resolve: 'looks',
  lastOutage: 'looks',
  fence: 'changes',
  stopApplication: 'changes',
  unfence: 'changes',
  drain: 'changes',
  removeRemains: 'changes',
};
const ENGINE: Readonly<Record<Exclude<keyof StackEngine, 'engineVersion'>, Kind>> = {
  checkBackend: 'looks',
  outputs: 'looks',
  ensureStack: 'changes',
  update: 'changes',
  destroy: 'changes',
  stopEnginesOf: 'changes',
  unprotect: 'changes',
};
const CONFIGS: Readonly<Record<keyof StackConfigs, Kind>> = {
  names: 'looks',
  read: 'looks',
  open: 'looks',
  write: 'changes',
  remove: 'changes',
};

type Call = (...args: readonly unknown[]) => Promise<unknown>;
type Calls = Readonly<Record<string, Call>>;

const TAKEN = new OperatorError('locked', 'Taken over.', { hint: 'None.' });

describe('the world of one driver', () => {
  /** What happened in order: `check`, and each call that reached the world with its arguments. */
  let happened: string[];
  let fails: Error | null;
  let check: () => Promise<void>;
  beforeEach(() => {
    happened = [];
    fails = null;
    check = () => Promise.resolve();
  });

  function recording(names: Readonly<Record<string, Kind>>): Calls {
    const call =
      (name: string): Call =>
      (...args) => {
        happened.push([name, ...args.filter((arg) => typeof arg === 'string')].join(' '));
        const error = fails;
        fails = null;
        return error === null ? Promise.resolve(`answer of ${name}`) : Promise.reject(error);
      };
    return Object.fromEntries(Object.keys(names).map((name) => [name, call(name)]));
  }

  function guardedWorld(engine: Partial<StackEngine> = {}): World {
    const operations = recording(OPERATIONS) as unknown as SiteOperations;
    const environment = { site: 'site-a', operations: () => operations } as unknown as PlatformEnvironment;
    const configs = recording(CONFIGS) as unknown as StackConfigs;
    const world = {
      clock: { ...realClock, sleep: () => Promise.resolve() },
      random: () => 0,
      store: new MemoryStore(),
      engine: { engineVersion: 'v3', ...recording(ENGINE), ...engine },
      configs: {
        ...configs,
        open: async (stack: string) => {
          await configs.open(stack);
          return environment;
        },
      },
    } as unknown as World;
    return guarded(world, async () => {
      happened.push('check');
      await check();
    });
  }

  const operationsOf = async (world: World): Promise<Calls> => {
    const environment = await world.configs.open('prod');
    happened = [];
    return environment.operations() as unknown as Calls;
  };
  const GROUPS: readonly (readonly [string, Readonly<Record<string, Kind>>, (world: World) => Promise<Calls>])[] = [
    ['operations', OPERATIONS, operationsOf],
    ['engine', ENGINE, (world) => Promise.resolve(world.engine as unknown as Calls)],
    ['configs', CONFIGS, (world) => Promise.resolve(world.configs as unknown as Calls)],
  ];

  for (const [group, names, of] of GROUPS) {
    for (const [name, kind] of Object.entries(names)) {
      if (kind === 'changes') {
        it(`${group}.${name} changes: the lease is checked right before it, and a refusal means that it is not called`, async () => {
          const calls = await of(guardedWorld());

          const answer = await calls[name]?.('prod', 'x');

          expect(happened[0]).to.equal('check');
          expect(happened[1]).to.match(new RegExp(`^${name}`));
          expect(answer).to.equal(`answer of ${name}`);

          happened = [];
          check = () => Promise.reject(TAKEN);
          expect(await failureOf(calls[name]?.('prod', 'x') ?? Promise.resolve())).to.equal(TAKEN);
          expect(happened).to.deep.equal(['check']);
        });

        it(`${group}.${name} is not made twice by itself when it fails`, async () => {
          const calls = await of(guardedWorld());
          const refused = (fails = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));

          expect(await failureOf(calls[name]?.('prod', 'x') ?? Promise.resolve())).to.equal(refused);
          expect(happened).to.have.length(2);
        });
      } else {
        it(`${group}.${name} looks: also for a driver that was taken over, which is not even asked for`, async () => {
          const calls = await of(guardedWorld());
          check = () => Promise.reject(TAKEN);

          await calls[name]?.('prod');

          expect(happened).to.have.length(1);
          expect(happened[0]).to.match(new RegExp(`^${name}`));
        });
      }
    }
  }

  it('hands on the arguments of every call', async () => {
    const world = guardedWorld();
    const operations = await operationsOf(world);

    await world.configs.write('prod', {}, 'a comment');
    await world.configs.remove('prod', 'startDespite');
    await world.configs.read('prod');
    await world.engine.outputs('prod');
    await world.engine.unprotect('prod');
    await operations['preflight']?.('prod-1');

    expect(happened.filter((what) => what !== 'check')).to.deep.equal([
      ...['write prod a comment', 'remove prod startDespite', 'read prod', 'outputs prod', 'unprotect prod'],
      'preflight prod-1',
    ]);
  });

  it('tries a look at a site again when it failed in a way that passes, and no other', async () => {
    const operations = await operationsOf(guardedWorld());
    fails = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });

    expect(await operations['resolve']?.()).to.equal('answer of resolve');
    expect(happened).to.deep.equal(['resolve', 'resolve']);

    const wrong = (fails = new OperatorError('bad-input', 'No such point.', { hint: 'None.' }));
    expect(await failureOf(operations['planRestore']?.({}) ?? Promise.resolve())).to.equal(wrong);
    expect(happened).to.deep.equal(['resolve', 'resolve', 'planRestore']);
  });

  it('checks once more between the config of a new stack and its making', async () => {
    const ensureStack: StackEngine['ensureStack'] = async (name, prepare) => {
      await prepare();
      happened.push(`made ${name}`);
    };
    const prepare = (): Promise<void> => {
      happened.push('prepared');
      // Taken over while it writes.
      check = () => Promise.reject(TAKEN);
      return Promise.resolve();
    };

    expect(await failureOf(guardedWorld({ ensureStack }).engine.ensureStack('prod-1', prepare))).to.equal(TAKEN);
    expect(happened).to.deep.equal(['check', 'prepared', 'check']);
  });

  it('keeps the rest as it is', () => {
    const world = guardedWorld();

    expect(world.engine.engineVersion).to.equal('v3');
    expect(world.store).to.be.instanceOf(MemoryStore);
  });
});
