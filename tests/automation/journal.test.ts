import { expect } from 'chai';
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Journal, type JournalEntry } from '../../automation/recovery/journal';

function failed(message: string): JournalEntry {
  return { kind: 'step-failed', step: 'fence', at: '2026-11-24T00:00:00.000Z', message };
}

describe('Journal', () => {
  let folder: string;
  let directory: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-journal-'));
    directory = path.join(folder, 'recoveries', 'run-1');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const file = (): string => path.join(directory, 'journal.jsonl');

  it('makes nothing until the run begins, and then writes what came before first', async () => {
    const journal = new Journal(directory);
    await journal.append(failed('one'));
    await journal.append(failed('two'));

    expect(journal.begun).to.equal(false);
    expect(await readdir(folder)).to.deep.equal([]);

    await journal.begin();
    await journal.append(failed('three'));

    expect(journal.begun).to.equal(true);
    expect(await new Journal(directory).read()).to.deep.equal([failed('one'), failed('two'), failed('three')]);
  });

  it('has each entry in the file when append returns, a line each, for nobody else to read', async () => {
    const journal = new Journal(directory);
    await journal.begin();
    for (const message of ['one', 'two\nlines']) {
      await journal.append(failed(message));
      const lines = (await readFile(file(), 'utf8')).split('\n');
      expect(JSON.parse(lines.at(-2) ?? '')).to.deep.equal(failed(message));
      expect(lines.at(-1)).to.equal('');
    }
  });

  it('is empty where there is none', async () => {
    const journal = new Journal(directory);

    expect(await journal.read()).to.deep.equal([]);
    expect(journal.begun).to.equal(false);
  });

  it('goes on at once in the file of an earlier driver', async () => {
    const first = new Journal(directory);
    await first.begin();
    await first.append(failed('one'));

    const second = new Journal(directory);
    await second.read();
    await second.append(failed('two'));

    expect(second.begun).to.equal(true);
    expect(await new Journal(directory).read()).to.deep.equal([failed('one'), failed('two')]);
  });

  it('leaves out the torn last line of a killed driver, and writes on without it', async () => {
    const first = new Journal(directory);
    await first.begin();
    await first.append(failed('one'));
    await appendFile(file(), '{"kind":"step-failed","step":"fen');

    const second = new Journal(directory);
    expect(await second.read()).to.deep.equal([failed('one')]);
    await second.append(failed('two'));

    expect(await new Journal(directory).read()).to.deep.equal([failed('one'), failed('two')]);
  });

  it('does not hide a damaged line in the middle', async () => {
    const journal = new Journal(directory);
    await journal.begin();
    await journal.append(failed('one'));
    await appendFile(file(), '{"kind":\n');
    await journal.append(failed('two'));

    const error = await new Journal(directory).read().catch((failure: unknown) => failure);

    expect(error).to.be.instanceOf(SyntaxError);
  });
});
