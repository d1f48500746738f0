import { expect } from 'chai';
import { TCPClient } from 'dns2';
import { Resolver } from 'node:dns/promises';
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { processesNaming } from '../../../automation/rehearsal/destroy-site';
import { changeZone, readZone } from '../../../components/local/dns/zone';
import { serverStatus, stop } from '../../../components/local/postgresql/server';
import { runningDaemon, signalGroup, until } from '../../../components/local/process/daemon';
import { TestEnvironment } from './environment';

describe('an environment on the local platform', function () {
  this.timeout(120_000);
  let environment: TestEnvironment;

  before(async () => {
    environment = await TestEnvironment.make();
  });
  after(() => environment.remove());

  const database = (): string => path.join(environment.live, 'database');

  async function health(): Promise<number> {
    const { site, traffic } = environment.config;
    return (await fetch(`http://${site.address}:${traffic.port}/healthcheck`)).status;
  }

  it('is shown by a preview, which makes nothing', async () => {
    const { summary } = await environment.preview();

    expect(Object.keys(summary)).to.deep.equal(['create']);
    expect(await environment.processes()).to.deep.equal({});
    expect(await readdir(environment.workspace.directory)).to.have.members(['project', 'outside']);
    expect(await readdir(environment.workspace.outside)).to.have.members(['keys', 'state']);
    expect(await readdir(path.join(environment.workspace.outside, 'keys'))).to.deep.equal(['passphrase']);
  });

  it('comes up, answers, and then stays as it is', async () => {
    const first = await environment.up();
    const running = await environment.processes();
    const second = await environment.up();

    expect(Object.keys(first.summary)).to.deep.equal(['create']);
    expect(running).to.have.keys([
      ...['application', 'load-balancer', 'redis', 'object-replication', 'backup-agent'],
      ...['name-server', 'watcher'],
    ]);
    expect(await health()).to.equal(200);
    expect(second.changed).to.deep.equal({});
    expect(second.summary).to.deep.equal({ same: first.summary['create'] });
    expect(await environment.processes()).to.deep.equal(running);
    expect((await environment.preview()).changed).to.deep.equal({});
  });

  it('answers for its name over UDP and TCP, and for no other', async () => {
    const { dns, name, ttl } = environment.config.traffic;
    const { address } = environment.config.site;
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    resolver.setServers([`${dns.address}:${dns.port}`]);
    const overTcp = await TCPClient({ dns: dns.address, port: dns.port })(name);

    expect(await resolver.resolve4(name, { ttl: true })).to.deep.equal([{ address, ttl }]);
    expect(await resolver.resolve4(name.toUpperCase())).to.deep.equal([address]);
    expect(overTcp.answers.map((answer) => ({ address: answer.address, ttl: answer.ttl }))).to.deep.equal([
      { address, ttl },
    ]);
    const other = await resolver.resolve4(`other.${name}`).catch((error: unknown) => String(error));
    expect(other).to.include('ENOTFOUND');
  });

  for (const { name, resource } of [
    { name: 'application', resource: 'medplum-application-server' },
    { name: 'name-server', resource: 'medplum-traffic-name-server' },
    { name: 'redis', resource: 'medplum-cache-redis' },
  ]) {
    it(`shows a killed ${name} and starts it again, touching nothing else`, async () => {
      const before = await environment.processes();
      signalGroup((await runningDaemon(environment.pidFile(name)))!.group, 'SIGKILL');
      await until(async () => (await runningDaemon(environment.pidFile(name))) === null, 5000);
      const { [name]: killed, ...others } = before;

      const preview = await environment.preview();
      const refreshed = await environment.refresh();
      const healed = await environment.up();

      expect(preview.changed).to.deep.equal({ update: [resource] });
      expect(refreshed.changed).to.deep.equal({ update: [resource] });
      expect(healed.changed).to.deep.equal({ update: [resource] });
      const { [name]: started, ...same } = await environment.processes();
      expect(started).to.be.a('number').and.not.equal(killed);
      expect(same).to.deep.equal(others);
      expect((await environment.up()).changed).to.deep.equal({});
    });
  }

  it('shows a killed PostgreSQL and starts it again', async () => {
    const server = await serverStatus(database());
    process.kill(server.state === 'running' ? server.pid : NaN, 'SIGKILL');
    await until(async () => (await serverStatus(database())).state === 'stopped', 5000);

    const refreshed = await environment.refresh();
    const healed = await environment.up();

    // The agent that backs it up may have ended with it.
    expect(refreshed.changed['update']).to.include('medplum-database-postgresql');
    expect(Object.keys(healed.changed)).to.deep.equal(['update']);
    expect(healed.changed['update']!.filter((name) => name !== 'medplum-database-backup-agent')).to.deep.equal([
      'medplum-database-postgresql',
    ]);
    expect((await serverStatus(database())).state).to.equal('running');
    expect(await until(async () => (await health()) === 200, 10_000)).to.equal(true);
  });

  it('shows a record that was changed by hand, and sets it right', async () => {
    const zoneFile = path.join(environment.workspace.outside, 'dns', 'zone.json');
    const { name } = environment.config.traffic;
    const record = (await readZone(zoneFile)).records[name]!;
    await changeZone(zoneFile, (zone) => ({
      ...zone,
      records: { [name]: { ...record, address: '127.0.0.99' } },
    }));

    const refreshed = await environment.refresh();
    const healed = await environment.up();

    expect(refreshed.changed).to.deep.equal({ update: ['medplum-traffic-record'] });
    expect(healed.changed).to.deep.equal({ update: ['medplum-traffic-record'] });
    expect((await readZone(zoneFile)).records[name]).to.deep.equal(record);
  });

  for (const { what, folder, told } of [
    { what: 'data directory', folder: 'database', told: 'An empty database is not made in its place' },
    { what: 'object store', folder: 'objects', told: 'An empty one is not made in its place' },
    { what: 'secret store', folder: 'secrets', told: 'New secrets are not made in its place' },
  ]) {
    it(`does not come up with an empty ${what} where its own is gone and the site stands`, async () => {
      const place = path.join(environment.live, folder);
      if (folder === 'database') {
        await stop({ dataDirectory: place, mode: 'fast' });
      }
      await rename(place, `${place}-gone`);

      const refusal = await environment.up().catch((error: unknown) => String(error));
      await environment.refresh();
      const afterRefresh = await environment.up().catch((error: unknown) => String(error));

      for (const message of [refusal, afterRefresh]) {
        expect(message).to.include(place).and.include('is gone while its site still stands').and.include(told);
      }
      expect(await readdir(environment.live)).to.not.include(folder);
      await rename(`${place}-gone`, place);
      await environment.up();
      expect((await environment.up()).changed).to.deep.equal({});
      expect((await serverStatus(database())).state).to.equal('running');
    });
  }

  it('is destroyed without a trace, and leaves what was shipped to the other site', async () => {
    const replicated = await readdir(environment.replica);

    await environment.destroy();

    expect(await environment.processes()).to.deep.equal({});
    expect(await processesNaming(environment.workspace.directory)).to.deep.equal([]);
    expect(await readdir(environment.workspace.sites.primary)).to.deep.equal([]);
    expect(await readdir(environment.replica)).to.have.members(replicated);
  });
});
