import { expect } from 'chai';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FolderStore } from '../../automation/control/folder-store';
import { Journal, type JournalEntry } from '../../automation/recovery/journal';
import { OperatorError } from '../../components/errors';

function failed(message: string): JournalEntry {
  return { kind: 'step-failed', step: 'fence', at: '2026-11-24T00:00:00.000Z', message };
}

describe('Journal', () => {
  let folder: string;
  let store: FolderStore;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-journal-'));
    store = new FolderStore(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const file = (number: number): string => path.join(folder, 'recoveries', 'run-1', `00000${number}.json`);

  async function begun(...messages: readonly string[]): Promise<Journal> {
    const journal = new Journal(store, 'run-1');
    await journal.begin();
    for (const message of messages) {
      await journal.append(failed(message));
    }
    return journal;
  }

  it('makes nothing until the run begins, and then writes what came before first', async () => {
    const journal = new Journal(store, 'run-1');
    await journal.append(failed('one'));
    await journal.append(failed('two'));

    expect(journal.begun).to.equal(false);
    expect(await journal.read()).to.deep.equal([failed('one'), failed('two')]);
    expect(await readdir(folder)).to.deep.equal([]);

    await journal.begin();
    await journal.append(failed('three'));

    expect(journal.begun).to.equal(true);
    expect(await new Journal(store, 'run-1').read()).to.deep.equal([failed('one'), failed('two'), failed('three')]);
  });

  it('has each entry in a file of its own when append returns', async () => {
    const journal = await begun('one');
    expect(JSON.parse(await readFile(file(1), 'utf8'))).to.deep.equal(failed('one'));
    await journal.append(failed('two'));

    expect(JSON.parse(await readFile(file(2), 'utf8'))).to.deep.equal(failed('two'));
  });

  it('is empty where there is none', async () => {
    const journal = new Journal(store, 'run-1');

    expect(await journal.read()).to.deep.equal([]);
    expect(journal.begun).to.equal(false);
  });

  it('goes on after the entries of an earlier driver', async () => {
    await begun('one');

    const second = new Journal(store, 'run-1');
    await second.read();
    await second.append(failed('two'));

    expect(second.begun).to.equal(true);
    expect(await new Journal(store, 'run-1').read()).to.deep.equal([failed('one'), failed('two')]);
  });

  it('refuses the driver that another one was quicker than', async () => {
    const first = await begun('one');
    const second = new Journal(store, 'run-1');
    await second.read();
    await second.append(failed('two'));

    const error = await first.append(failed('late')).catch((failure: unknown) => failure);

    expect(error).to.be.instanceOf(OperatorError).and.to.include({ kind: 'locked' });
    expect(await new Journal(store, 'run-1').read()).to.deep.equal([failed('one'), failed('two')]);
  });

  it('does not hide a damaged entry', async () => {
    await begun('one', 'two');
    await writeFile(file(1), '{"kind":');

    const error = await new Journal(store, 'run-1').read().catch((failure: unknown) => failure);

    expect(error).to.be.instanceOf(SyntaxError);
  });
});
