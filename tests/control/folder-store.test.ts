import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { FolderStore } from '../../automation/control/folder-store';
import { OperatorError } from '../../components/errors';
import { failureOf } from './failure-of';
import { itBehavesAsAControlStore } from './store-behaviour';

describe('control storage in a folder', () => {
  let parent: string;
  let root: string;
  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'medplum-dr-control-'));
    root = path.join(parent, 'outside', 'control');
  });
  afterEach(() => rm(parent, { recursive: true }));

  itBehavesAsAControlStore(() => Promise.resolve(new FolderStore(root)));

  it('keeps files from other users', async () => {
    await new FolderStore(root).create('runs/a', 'text');
    await new FolderStore(root).replace('runs/b', 'text');
    for (const name of ['a', 'b']) {
      expect((await stat(path.join(root, 'runs', name))).mode & 0o777).to.equal(0o600);
    }
  });

  it('leaves no folder behind that it made', async () => {
    const store = new FolderStore(root);
    await store.create('locks/prod/1.json', '');
    await store.create('locks/prod/2.json', '');
    await store.remove('locks/prod/1.json');
    expect(await store.list('')).to.deep.equal(['locks/prod/2.json']);
    await store.remove('locks/prod/2.json');
    expect(await readdir(parent)).to.deep.equal([]);
  });

  it('leaves a root that was there', async () => {
    await mkdir(root, { recursive: true });
    const store = new FolderStore(root);
    await store.create('locks/prod/1.json', '');
    await store.remove('locks/prod/1.json');
    expect(await readdir(root)).to.deep.equal([]);
  });

  it('makes objects while another removes the folder they go to', async () => {
    const [one, other] = [new FolderStore(root), new FolderStore(root)];
    const rounds = async (store: FolderStore, key: string): Promise<void> => {
      for (let round = 0; round < 100; round++) {
        expect(await store.create(key, key)).to.equal(true);
        expect(await store.read(key)).to.equal(key);
        await store.remove(key);
      }
    };
    await Promise.all([rounds(one, 'locks/prod/a'), rounds(other, 'locks/prod/b')]);
    expect(await readdir(parent)).to.deep.equal([]);
  });

  it('does not show what a killed driver was still writing', async () => {
    await mkdir(path.join(root, 'runs'), { recursive: true });
    await writeFile(path.join(root, 'runs', 'a.json.3f6a.unfinished'), '{"half');
    expect(await new FolderStore(root).list('runs/')).to.deep.equal([]);
  });

  it('refuses keys that leave the root', async () => {
    for (const key of ['../a', 'runs/../../a', '/a', 'runs//a', '']) {
      expect(await failureOf(new FolderStore(root).create(key, '')), key).to.be.instanceOf(Error);
      expect(await failureOf(new FolderStore(root).read(key)), key).to.be.instanceOf(Error);
    }
    expect(await readdir(parent)).to.deep.equal([]);
  });

  it('says what to do where a file is in the way', async () => {
    await writeFile(path.join(parent, 'outside'), '');
    const failure = await failureOf(new FolderStore(root).create('a', ''));
    expect(failure).to.be.instanceOf(OperatorError);
    expect((failure as OperatorError).message).to.include(root);
    expect((failure as OperatorError).hint).to.include('A file is in the way');
  });
});
