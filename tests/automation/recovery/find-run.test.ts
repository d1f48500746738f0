import { expect } from 'chai';
import { findRun, requireNotUndone, requireOpen, runIds, type FoundRun } from '../../../automation/recovery/find-run';
import { Journal, type JournalEntry } from '../../../automation/recovery/journal';
import type { StackConfigs } from '../../../automation/stacks/stack-configs';
import { OperatorError } from '../../../components/errors';
import type { PlatformEnvironment } from '../../../components/platform';
import { failureOf } from '../../control/failure-of';
import { MemoryStore } from '../../control/memory-store';
import { cutoverOf, headerOf } from './a-run';

const AT = '2026-11-24T03:30:00.000Z';

/** Configs of stacks: what opening each of them gives. */
function configsOf(stacks: Readonly<Record<string, 'primary' | 'recovery' | Error>>): StackConfigs {
  return {
    names: () => Promise.resolve(Object.keys(stacks)),
    open: (stack) => {
      const role = stacks[stack];
      // Only what is looked at: finding a run needs no site.
      const environment = { config: { role }, site: stack } as unknown as PlatformEnvironment;
      return role instanceof Error ? Promise.reject(role) : Promise.resolve(environment);
    },
    read: () => Promise.reject(new Error('finding a run reads no config itself')),
    write: () => Promise.reject(new Error('finding a run changes no config')),
    remove: () => Promise.reject(new Error('finding a run changes no config')),
  };
}

async function storeWith(
  ...runs: readonly (readonly [id: string, ...entries: JournalEntry[]])[]
): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const [id, ...entries] of runs) {
    const journal = new Journal(store, id);
    await journal.begin();
    for (const entry of entries) {
      await journal.append(entry);
    }
  }
  return store;
}

const begun = (id: string): JournalEntry => ({ kind: 'run', ...headerOf(id) });

describe('findRun', () => {
  async function find(
    id: string,
    stacks: Parameters<typeof configsOf>[0],
    stores: Record<string, MemoryStore>
  ): Promise<FoundRun> {
    const storeOf = (environment: PlatformEnvironment): Promise<MemoryStore> => {
      const store = stores[environment.site];
      return store === undefined
        ? Promise.reject(new Error(`no store of ${environment.site}`))
        : Promise.resolve(store);
    };
    return findRun(id, configsOf(stacks), storeOf);
  }

  it('finds it in the store of whichever environment has it, with all its entries', async () => {
    const staging = await storeWith(['run-1', begun('run-1')]);
    const prod = await storeWith(['run-2', begun('run-2'), cutoverOf('run-2')]);

    const found = await find('run-2', { staging: 'primary', prod: 'primary' }, { staging, prod });

    expect(found).to.deep.equal({
      header: headerOf('run-2'),
      entries: [begun('run-2'), cutoverOf('run-2')],
      store: prod,
    });
  });

  it('does not ask stacks that are no front, nor mind one whose config is broken', async () => {
    const prod = await storeWith(['run-2', begun('run-2')]);
    const broken = new OperatorError('bad-input', 'The config is wrong.', { hint: 'Mend it.' });

    const found = await find('run-2', { broken, 'prod-run-1': 'recovery', prod: 'primary' }, { prod });

    expect(found.header.id).to.equal('run-2');
  });

  it('does not hide what is no mistake of a config', async () => {
    const unreadable = new Error('EIO');

    expect(await failureOf(find('run-2', { unreadable, prod: 'primary' }, {}))).to.equal(unreadable);
  });

  it('says where it looked for one that there is not', async () => {
    const prod = await storeWith(['run-2', begun('run-2')]);

    const error = (await failureOf(find('run-3', { prod: 'primary' }, { prod }))) as OperatorError;
    const nowhere = (await failureOf(find('run-3', {}, {}))) as OperatorError;

    expect(error).to.be.instanceOf(OperatorError).and.to.include({ kind: 'bad-input' });
    expect(error.message).to.equal('There is no run "run-3".');
    expect(error.hint).to.include('prod (memory)');
    expect(nowhere.hint).to.include('no environment');
  });

  it('does not take a journal for a run that lacks its beginning', async () => {
    const prod = await storeWith(['run-2', cutoverOf('run-2')]);

    expect(await failureOf(find('run-2', { prod: 'primary' }, { prod }))).to.include({ kind: 'bad-input' });
  });
});

describe('runIds', () => {
  it('are those of all journals, each once, oldest first', async () => {
    const store = await storeWith(
      ['20261124-031500-bbbb', begun('b'), cutoverOf('b')],
      ['20261123-031500-aaaa', begun('a')]
    );
    await store.replace('active/prod.json', '{}');

    expect(await runIds(store)).to.deep.equal(['20261123-031500-aaaa', '20261124-031500-bbbb']);
    expect(await runIds(new MemoryStore())).to.deep.equal([]);
  });
});

describe('requireOpen', () => {
  it('gives the header of a run that may go on, without the entry’s kind', () => {
    const entries: JournalEntry[] = [begun('run-1'), { kind: 'run-ended', at: AT, result: 'failed' }];

    expect(requireOpen('run-1', entries)).to.deep.equal(headerOf('run-1'));
  });

  it('refuses one that never was, and one that is over, and says how it ended and when', () => {
    for (const [entries, words] of [
      [[], 'There is no run "run-1" to go on with.'],
      [[begun('run-1'), { kind: 'over', at: AT, how: 'aborted' }], `is over: aborted at ${AT}`],
      [[begun('run-1'), { kind: 'over', at: AT, how: 'rolled-back' }], `is over: rolled-back at ${AT}`],
      [[begun('run-1'), { kind: 'stack-removed', at: AT }], `is over: what it made is removed at ${AT}`],
    ] as const) {
      expect(() => requireOpen('run-1', entries)).to.throw(OperatorError, words);
    }
  });
});

describe('requireNotUndone', () => {
  it('lets a run go on that nobody undoes, and no other', () => {
    requireNotUndone('run-1', [begun('run-1'), cutoverOf('run-1')]);

    expect(() => {
      requireNotUndone('run-1', [begun('run-1'), { kind: 'undoing', at: AT }]);
    })
      .to.throw(OperatorError, `is being undone since ${AT}`)
      .with.property('hint', 'medplum-dr abort run-1 goes on with that.');
  });
});
