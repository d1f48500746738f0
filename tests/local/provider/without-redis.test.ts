import { expect } from 'chai';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { destroySite, processesNaming } from '../../../automation/rehearsal/destroy-site';
import { LocalProvider } from '../../../components/local/resources';
import { TestEnvironment } from './environment';

/** A PATH that leads to every program of this machine but one. */
async function pathWithout(program: string, folder: string): Promise<string> {
  const kept: string[] = [];
  for (const [index, original] of (process.env['PATH'] ?? '').split(path.delimiter).entries()) {
    const names = await readdir(original).catch((): string[] => []);
    if (!names.includes(program)) {
      kept.push(original);
      continue;
    }
    const copy = path.join(folder, String(index));
    await mkdir(copy);
    const others = names.filter((name) => name !== program);
    await Promise.all(others.map((name) => symlink(path.join(original, name), path.join(copy, name))));
    kept.push(copy);
  }
  return kept.join(path.delimiter);
}

describe('an environment of the local platform on a machine without Redis', function () {
  this.timeout(120_000);
  const originalPath = process.env['PATH'];
  let environment: TestEnvironment;
  let programs: string;

  before(async () => {
    programs = await mkdtemp(path.join(tmpdir(), 'medplum-dr-programs-'));
    // PostgreSQL looks for programs as another user when this runs as root.
    await chmod(programs, 0o755);
    process.env['PATH'] = await pathWithout('redis-server', programs);
    environment = await TestEnvironment.make();
  });
  after(async () => {
    process.env['PATH'] = originalPath;
    await environment.remove();
    await rm(programs, { recursive: true });
  });

  it('comes up without a cache, and says so', async () => {
    const up = await environment.up();

    expect(up.messages).to.include('redis-server is not on PATH: this environment runs without a cache');
    expect(up.changed['create']).to.include('medplum-cache').and.not.include('medplum-cache-redis');
    expect(await environment.processes())
      .to.include.keys('application')
      .and.not.have.property('redis');
    const { site, traffic } = environment.config;
    expect((await fetch(`http://${site.address}:${traffic.port}/healthcheck`)).status).to.equal(200);
  });

  it('names everything that is wrong with a resource before it makes it', async () => {
    const program = (): Promise<Record<string, unknown>> => {
      const provider = new LocalProvider('outside');
      class Wrong extends pulumi.CustomResource {}
      const inputs = { name: 'wrong', command: [], pidFile: 5, environment: {}, secretEnvironment: {} };
      new Wrong('medplum-local:index:Process', 'wrong', inputs, { provider });
      return Promise.resolve({});
    };
    const target = ['**::wrong'];

    const refusal = await environment.up({ program, target }).catch((error: unknown) => String(error));

    for (const property of ['command', 'pidFile', 'folder', 'logFile', 'ready', 'running']) {
      expect(refusal).to.include(property);
    }
  });

  it('makes nothing where its site is gone altogether, and records what is lost', async () => {
    await destroySite(environment.workspace.sites.primary);

    await environment.refresh();
    const recorded = await environment.recorded();
    const up = await environment.up();
    const again = await environment.up();

    expect(recorded['medplum-network-site']).to.include({ present: false });
    expect(recorded['medplum-object-storage-store']).to.include({ present: false });
    expect(recorded['medplum-secrets-store']!['names']).to.deep.equal([]);
    expect(recorded['medplum-database-postgresql']).to.include({ status: 'missing' });
    expect(recorded['medplum-application-server']).to.include({ status: 'stopped' });
    expect(recorded['medplum-traffic-name-server']).to.include({ status: 'running' });
    expect(Object.keys(up.summary)).to.deep.equal(['same']);
    expect(again.changed).to.deep.equal({});
    expect(await readdir(environment.workspace.directory)).to.not.include('site-a');
    expect(await processesNaming(environment.workspace.sites.primary)).to.deep.equal([]);
    expect(await environment.processes()).to.have.keys(['name-server', 'watcher']);
  });
});
