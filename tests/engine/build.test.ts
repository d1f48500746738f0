import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { version as sdkVersion } from '@pulumi/pulumi/version';
import { expect } from 'chai';
import { ensureLanguageHost, findEngine } from '../../automation/engine';
import { cacheDirectory, engineCacheRoot } from '../../automation/engine/cache';
import { type Sandbox, createSandbox, fakeGo, fakePulumi } from './sandbox';

const UNTIL_RELEASED = 'while [ ! -e "$HOME/released" ]; do sleep 0.05; done';

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`no ${what} within 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('building the engine', () => {
  let machine: Sandbox;
  let root: string;
  beforeEach(async () => {
    machine = await createSandbox();
    root = engineCacheRoot(machine.environment, sdkVersion);
  });
  afterEach(() => machine.remove());

  const files = async (): Promise<string[]> => (await readdir(root, { recursive: true })).sort();

  it('is done by one of two at once, while the other waits and says so', async () => {
    await machine.install('go', fakeGo(sdkVersion, UNTIL_RELEASED));
    const waiting: string[] = [];

    const first = findEngine(machine);
    await until(() => existsSync(machine.file('builds')), 'build');
    const second = findEngine({ ...machine, onProgress: (line) => waiting.push(line) });
    await until(
      () => waiting.some((line) => line.startsWith('Another process is building pulumi')),
      'line of the waiting one'
    );
    await writeFile(machine.file('released'), '');
    const engines = await Promise.all([first, second]);

    expect(engines.map((engine) => engine.root)).to.deep.equal([root, root]);
    expect(await machine.builds()).to.equal(1);
    expect(await files()).to.deep.equal(['bin', 'bin/pulumi']);
  });

  it('leaves nothing when it is aborted', async () => {
    await machine.install('go', fakeGo(sdkVersion, UNTIL_RELEASED));
    const abort = new AbortController();
    const reason = new Error('the operator changed their mind');

    const finding = findEngine({ ...machine, signal: abort.signal }).catch((error: unknown) => error);
    await until(() => existsSync(machine.file('builds')), 'build');
    abort.abort(reason);

    expect(await finding).to.equal(reason);
    expect(await files()).to.deep.equal(['bin']);
  });

  it('starts over where a build was killed', async () => {
    await machine.install('go', fakeGo(sdkVersion));
    const half = path.join(root, '.building-pulumi-abc123');
    const lock = path.join(root, '.pulumi.lock');
    await mkdir(half, { recursive: true });
    await writeFile(path.join(half, 'pulumi'), 'half an execut', { mode: 0o755 });
    await mkdir(lock);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);

    const engine = await findEngine(machine);

    expect(engine).to.include({ version: sdkVersion, source: 'built' });
    expect(await files()).to.deep.equal(['bin', 'bin/pulumi']);
  });

  it('replaces a cached engine that does not run', async () => {
    await machine.install('pulumi', 'exit 1', root);
    await machine.install('go', fakeGo(sdkVersion));

    const engine = await findEngine(machine);

    expect(engine.version).to.equal(sdkVersion);
    expect(await machine.builds()).to.equal(1);
  });

  it('gives up the scratch folder when go fails', async () => {
    await machine.install('go', 'exit 1');

    await findEngine(machine).catch(() => undefined);

    expect(await files()).to.deep.equal(['bin']);
  });
});

describe('the language host', () => {
  let machine: Sandbox;
  beforeEach(async () => {
    machine = await createSandbox();
    await machine.install('go', fakeGo('3.50.0'));
    await machine.install('pulumi', fakePulumi(sdkVersion));
  });
  afterEach(() => machine.remove());

  it('is the one beside the engine', async () => {
    const bundled = await machine.install('pulumi-language-nodejs', 'true');

    const host = await ensureLanguageHost(await findEngine(machine), machine);

    expect(host).to.deep.equal({ executable: bundled, path: [machine.file('bin')] });
    expect(await machine.builds()).to.equal(0);
  });

  it('is built once into the cache when the engine came without', async () => {
    const engine = await findEngine(machine);

    const host = await ensureLanguageHost(engine, machine);
    await ensureLanguageHost(engine, machine);

    const folder = path.join(engineCacheRoot(machine.environment, sdkVersion), 'bin');
    expect(host).to.deep.equal({
      executable: path.join(folder, 'pulumi-language-nodejs'),
      path: [machine.file('bin'), folder],
    });
    expect(await machine.builds()).to.equal(1);
  });
});

describe('the cache', () => {
  it('lies where MEDPLUM_DR_CACHE says', () => {
    expect(cacheDirectory({ MEDPLUM_DR_CACHE: '/srv/cache', HOME: '/home/ada' })).to.equal('/srv/cache');
  });

  it("lies in the system's cache for root and in the user's for others", () => {
    const directory = cacheDirectory({ HOME: '/home/ada', XDG_CACHE_HOME: '/home/ada/cache' });

    expect(directory).to.equal(process.getuid?.() === 0 ? '/var/cache/medplum-dr' : '/home/ada/cache/medplum-dr');
  });
});
