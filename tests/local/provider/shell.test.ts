import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { Resolver } from 'node:dns/promises';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { engineEnvironment, ensureLanguageHost, findEngine } from '../../../automation/engine';
import { killProcessesOf, processesNaming } from '../../../automation/rehearsal/destroy-site';
import { cleanUp } from '../../../automation/rehearsal/clean-up';
import { openProject, readStackConfig } from '../../../automation/stacks/project';
import { packageRoot } from '../../../components/package-root';
import { localSchema, type LocalConfig } from '../../../components/local/config';

const stack = 'local-primary';

/** The example as it is but for its ports: others may be using the example on this machine. */
async function takeFreePorts(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const ports = [...new Set([...text.matchAll(/\b(?:\w+: |:)(\d{4,5})\b/g)].map(([, port]) => port!))];
  const servers = await Promise.all(
    ports.map(async (port) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return { port, server, free: String((server.address() as AddressInfo).port) };
    })
  );
  const free = new Map(servers.map((entry) => [entry.port, entry.free]));
  servers.forEach(({ server }) => server.close());
  await writeFile(
    file,
    text.replaceAll(/\d{4,5}/g, (port) => free.get(port) ?? port)
  );
}

describe('pulumi up from a shell, with the committed example', function () {
  this.timeout(180_000);
  let directory: string;
  let shellPath: string;
  let config: LocalConfig;

  before(async function () {
    directory = await mkdtemp(path.join(tmpdir(), 'medplum-dr-shell-'));
    await chmod(directory, 0o755);
    await mkdir(path.join(directory, 'state'));
    // A checkout in which nothing but the stacks' config is written to.
    for (const entry of ['components', 'dist', 'node_modules', 'plugin', 'package.json', 'tsconfig.json']) {
      await symlink(path.join(packageRoot(), entry), path.join(directory, entry));
    }
    for (const entry of ['Pulumi.yaml', 'index.ts', 'stacks']) {
      await cp(path.join(packageRoot(), entry), path.join(directory, entry), { recursive: true });
    }
    await takeFreePorts(path.join(directory, 'stacks', `Pulumi.${stack}.yaml`));
    config = localSchema.parse(await readStackConfig(await openProject(directory), stack));
    const engine = await findEngine({ onProgress: () => undefined });
    const host = await ensureLanguageHost(engine, { onProgress: () => undefined });
    shellPath = [...host.path, process.env['PATH'] ?? ''].join(path.delimiter);
  });
  after(async () => {
    const environment = path.join(directory, '.medplum-dr', stack);
    for (const part of ['site-a', 'site-b', 'outside']) {
      await killProcessesOf(path.join(environment, part));
    }
    const check = await cleanUp({ directory });
    expect(check.status, check.evidence).to.equal('passed');
  });

  async function pulumi(...args: string[]): Promise<string> {
    const child = execFile('pulumi', args, {
      cwd: directory,
      env: {
        ...process.env,
        ...engineEnvironment(),
        PATH: shellPath,
        PULUMI_BACKEND_URL: `file://${path.join(directory, 'state')}`,
        PULUMI_CONFIG_PASSPHRASE: 'test',
      },
    });
    let output = '';
    child.stdout?.on('data', (chunk: string) => (output += chunk));
    child.stderr?.on('data', (chunk: string) => (output += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code, output).to.equal(0);
    return output;
  }

  it('brings it up, says where it answers, and takes it down', async () => {
    await pulumi('stack', 'init', stack);
    const up = await pulumi('up', '--yes', '--stack', stack);

    const { dns, name, port } = config.traffic;
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    resolver.setServers([`${dns.address}:${dns.port}`]);
    const [address] = await resolver.resolve4(name);
    expect(address).to.equal(config.site.address);
    const health = await fetch(`http://${address}:${port}/healthcheck`);
    expect(health.status).to.equal(200);
    expect(up).to.match(/endpoint\s*: \{/);
    expect(up).to.include(name).and.include(config.site.address);
    expect(up).to.not.match(/warning|deprecat|\bat .*\.[jt]s:\d+/i);

    const again = await pulumi('up', '--yes', '--stack', stack);
    expect(again).to.match(/24 unchanged/);

    await pulumi('state', 'unprotect', '--all', '--yes', '--stack', stack);
    await pulumi('destroy', '--yes', '--stack', stack);
    expect(await processesNaming(directory)).to.deep.equal([]);
    expect(await readdir(path.join(directory, '.medplum-dr', stack, 'site-a'))).to.deep.equal([]);
  });

  it('tells of a mistake in the config by its key', async () => {
    await pulumi('config', 'set', '--path', 'medplum-dr:site.adress', '127.0.0.9', '--stack', stack);

    const refusal = await pulumi('preview', '--stack', stack).catch((error: unknown) => String(error));

    expect(refusal).to.include('medplum-dr:site.adress: unknown key; did you mean "address"?');
    expect(refusal).to.not.match(/\bat .*\.[jt]s:\d+/);
  });
});
