import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { version as sdkVersion } from '@pulumi/pulumi/version';
import { expect } from 'chai';
import { findEngine } from '../../automation/engine';
import { engineCacheRoot } from '../../automation/engine/cache';
import { ENGINE_MODULE, pinnedVersion } from '../../automation/engine/modules';
import { OperatorError } from '../../components/errors';
import { type Sandbox, createSandbox, fakeGo, fakePulumi } from './sandbox';

async function failureOf(work: Promise<unknown>): Promise<OperatorError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error
  );
  if (outcome instanceof OperatorError) return outcome;
  throw new Error('expected an OperatorError', { cause: outcome });
}

describe('finding the engine', () => {
  let machine: Sandbox;
  beforeEach(async () => {
    machine = await createSandbox();
  });
  afterEach(() => machine.remove());

  for (const version of ['3.206.0', sdkVersion, '3.999.1']) {
    it(`takes ${version} from PATH and builds nothing`, async () => {
      await machine.install('pulumi', fakePulumi(version));
      await machine.install('go', fakeGo(sdkVersion));

      const engine = await findEngine(machine);

      expect(engine).to.include({ version, source: 'path', root: machine.directory });
      expect(engine.command.command).to.equal(machine.file('bin', 'pulumi'));
      expect(await machine.builds()).to.equal(0);
      expect(machine.lines).to.be.empty;
    });
  }

  for (const version of ['3.205.0', '2.25.2', '4.0.0', 'nonsense']) {
    it(`does not take ${version} from PATH, and says why`, async () => {
      const pulumi = await machine.install('pulumi', fakePulumi(version));
      await machine.install('go', fakeGo(sdkVersion));

      const engine = await findEngine(machine);

      expect(engine).to.include({ version: sdkVersion, source: 'built' });
      expect(machine.lines[0])
        .to.match(/^No engine from PATH: /)
        .and.contain(`${pulumi}: `);
    });
  }

  it('takes the first that fits of several on PATH', async () => {
    await machine.install('pulumi', fakePulumi('3.100.0'));
    await machine.install('pulumi', fakePulumi('3.250.0'), machine.file('newer'));
    const searchPath = [machine.environment['PATH'], machine.file('newer', 'bin')].join(path.delimiter);

    const engine = await findEngine({ ...machine, environment: { ...machine.environment, PATH: searchPath } });

    expect(engine).to.include({ version: '3.250.0', root: machine.file('newer') });
  });

  it("takes the Automation API's installation when PATH has none", async () => {
    const root = machine.file('.pulumi', 'versions', sdkVersion);
    await machine.install('pulumi', fakePulumi(sdkVersion), root);

    const engine = await findEngine(machine);

    expect(engine).to.include({ version: sdkVersion, source: 'automation-api', root });
  });

  it('builds once and then finds it in the cache', async () => {
    await machine.install('go', fakeGo(sdkVersion));

    const built = await findEngine(machine);
    const progressOfBuild = machine.lines.splice(0).join('\n');
    const cached = await findEngine(machine);

    expect(built.root).to.equal(engineCacheRoot(machine.environment, sdkVersion));
    expect(cached).to.deep.equal(built);
    expect(await machine.builds()).to.equal(1);
    expect(progressOfBuild).to.contain('once a machine, usually 2 to 5 minutes').and.contain('Built pulumi');
    expect(progressOfBuild).to.contain('the Automation API: not tried');
    expect(machine.lines).to.be.empty;
  });

  it('says what to install, and why each way failed, when nothing is possible', async () => {
    await machine.install('pulumi', fakePulumi('3.1.0'));
    await machine.install(
      'go',
      'echo "go: go.mod requires go >= 1.25.8 (running go 1.20; GOTOOLCHAIN=local)" >&2; exit 1'
    );

    const failure = await failureOf(findEngine(machine));

    expect(failure.kind).to.equal('engine-missing');
    expect(failure.hint).to.contain('https://www.pulumi.com/docs/install/').and.contain('Go 1.25');
    expect(failure.problems).to.have.length(3);
    expect(failure.problems[0]).to.match(/^PATH: .*3\.1\.0/);
    expect(failure.problems[1]).to.match(/^the Automation API: not tried/);
    expect(failure.problems[2]).to.match(/^Go modules: .*requires go >= 1\.25\.8/);
  });

  it('says that Go is not there', async () => {
    const environment = { ...machine.environment, PATH: machine.file('bin') };

    const failure = await failureOf(findEngine({ ...machine, environment }));

    expect(failure.problems).to.include('PATH: there is no pulumi').and.include('Go modules: go is not on PATH');
  });

  it('refuses a download timeout that is not a duration', async () => {
    const environment = { ...machine.environment, MEDPLUM_DR_ENGINE_DOWNLOAD_TIMEOUT: 'soon' };

    const failure = await failureOf(findEngine({ ...machine, environment }));

    expect(failure.kind).to.equal('bad-input');
  });

  it('is pinned to the version of the SDK', async () => {
    expect(await pinnedVersion(ENGINE_MODULE)).to.equal(sdkVersion);
  });
});

describe('the real engine', function () {
  // Without one it is got here, which takes minutes; that none can be got is a failure, on a CI as anywhere.
  this.timeout(900_000);

  it('is found and answers its version', async () => {
    const engine = await findEngine({ onProgress: (line) => process.stderr.write(`      ${line}\n`) });

    const { stdout } = await promisify(execFile)(path.join(engine.root, 'bin', 'pulumi'), ['version']);

    expect(stdout.trim()).to.equal(`v${engine.version}`);
  });
});
