import { expect } from 'chai';
import { Resolver } from 'node:dns/promises';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { destroySite } from '../../../automation/rehearsal/destroy-site';
import { removeStackConfig, writeStackConfig } from '../../../automation/stacks/project';
import { changeZone, readZone } from '../../../components/local/dns/zone';
import { serverStatus } from '../../../components/local/postgresql/server';
import { TRAFFIC_TYPE_SUFFIX } from '../../../components/environment';
import { stackName, TestEnvironment } from './environment';

describe('an environment of the local platform whose traffic moves to another site', function () {
  this.timeout(120_000);
  let environment: TestEnvironment;

  before(async () => {
    environment = await TestEnvironment.make();
    await environment.up();
  });
  after(() => environment.remove());

  const zoneFile = (): string => path.join(environment.workspace.outside, 'dns', 'zone.json');

  async function activate(generation: number, replaces: string | null = null): Promise<void> {
    const { recoverySite, traffic } = environment.config;
    await writeStackConfig(environment.workspace.project, stackName, {
      activeEndpoint: {
        address: recoverySite!.address,
        port: traffic.port,
        site: recoverySite!.name,
        stack: 'recovered',
        recoveryId: 'r-1',
        generation,
        since: new Date().toISOString(),
        replaces,
      },
    });
  }

  async function answered(): Promise<string[]> {
    const { dns, name } = environment.config.traffic;
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    resolver.setServers([`${dns.address}:${dns.port}`]);
    return resolver.resolve4(name);
  }

  it('keeps its database when its restore source is changed or dropped later', async () => {
    const source = { replica: '/nowhere', bases: ['base-1'], target: { kind: 'latest' } };
    const restore = { recoveryId: 'r-0', recoveryPoint: 'p-0', source };
    await writeStackConfig(environment.workspace.project, stackName, { restore });
    const added = await environment.preview();
    const updated = await environment.up();
    await removeStackConfig(environment.workspace.project, stackName, 'restore');
    const dropped = await environment.up();

    expect(added.changed).to.deep.equal({});
    expect(updated.changed).to.deep.equal({});
    expect(dropped.changed).to.deep.equal({});
  });

  it('does not write over a record that somebody else changed since, and names both values', async () => {
    const { site, recoverySite, traffic } = environment.config;
    const record = (await readZone(zoneFile())).records[traffic.name]!;
    const foreign = { ...record, address: '127.0.0.99' };
    await changeZone(zoneFile(), (zone) => ({ ...zone, records: { [traffic.name]: foreign } }));
    await activate(2, site.address);

    const cutover = await environment
      .up({ target: [`urn:pulumi:${stackName}::${environment.workspace.project.name}::**${TRAFFIC_TYPE_SUFFIX}**`] })
      .catch((error: unknown) => String(error));
    await environment.refresh();
    const whole = await environment.up().catch((error: unknown) => String(error));

    for (const message of [cutover, whole]) {
      expect(message).to.include(`was to be moved from ${site.address} to ${recoverySite!.address}`);
      expect(message)
        .to.include(`Expected: ${site.address}; found: 127.0.0.99`)
        .and.include('nothing was changed here');
    }
    expect((await readZone(zoneFile())).records[traffic.name]).to.deep.equal(foreign);
    expect(await answered()).to.deep.equal(['127.0.0.99']);

    await changeZone(zoneFile(), (zone) => ({ ...zone, records: { [traffic.name]: record } }));
    await removeStackConfig(environment.workspace.project, stackName, 'activeEndpoint');
    await environment.up();
    expect(await answered()).to.deep.equal([site.address]);
  });

  it('moves its record by the traffic layer alone while its own site is lost', async () => {
    const before = await environment.recorded();
    const { replica, workspace } = environment;
    await destroySite(workspace.sites.primary);
    await activate(2, environment.config.site.address);

    const moved = await environment.up({
      target: [`urn:pulumi:${stackName}::${workspace.project.name}::**${TRAFFIC_TYPE_SUFFIX}**`],
    });

    expect(moved.changed).to.deep.equal({ update: ['medplum-traffic-record'] });
    expect(await answered()).to.deep.equal([environment.config.recoverySite!.address]);
    expect((await readZone(zoneFile())).records[environment.config.traffic.name]).to.include({
      ...{ generation: 2, site: 'site-b', stack: 'recovered' },
    });
    const after = await environment.recorded();
    const untouched = Object.keys(before).filter((name) => !/^(medplum-dr-|medplum$|medplum-traffic)/.test(name));
    expect(untouched).to.include('medplum-database-postgresql').and.include('medplum-application-server');
    for (const name of untouched) {
      expect(after[name], name).to.deep.equal(before[name]);
    }
    expect(await readdir(path.dirname(workspace.sites.primary))).to.not.include('site-a');
    expect(await readdir(replica)).to.include('secrets.json');
  });

  it('neither moves back nor makes anything at the lost site when it is brought up in whole', async () => {
    const whole = await environment.up();
    const again = await environment.up();

    expect(Object.keys(whole.changed)).to.deep.equal(['update']);
    expect(again.changed).to.deep.equal({});
    expect(await answered()).to.deep.equal([environment.config.recoverySite!.address]);
    expect(await environment.processes()).to.have.keys(['name-server', 'watcher']);
    expect(await readdir(environment.workspace.directory)).to.not.include('site-a');
  });

  it('refuses a config that knows only of an earlier cutover', async () => {
    await activate(1);
    const refusal = await environment.up().catch((error: unknown) => String(error));
    await removeStackConfig(environment.workspace.project, stackName, 'activeEndpoint');
    const without = await environment.up().catch((error: unknown) => String(error));

    const { name } = environment.config.traffic;
    const { address, name: site } = environment.config.recoverySite!;
    for (const { message, generation } of [
      { message: refusal, generation: 1 },
      { message: without, generation: 0 },
    ]) {
      expect(message).to.include(`${name} leads to ${address} (site ${site}) since cutover 2`);
      expect(message).to.include(`knows only of cutover ${generation}`);
      expect(message).to.include('Use the stack config that the recovery wrote (medplum-dr:activeEndpoint)');
    }
    expect(await answered()).to.deep.equal([address]);
    expect(await readdir(environment.workspace.directory)).to.not.include('site-a');
    expect((await serverStatus(path.join(environment.live, 'database'))).state).to.equal('missing');
  });

  it('is destroyed although its site is lost', async () => {
    await environment.destroy();

    expect(await environment.processes()).to.deep.equal({});
    expect(await readdir(environment.replica)).to.include('secrets.json');
  });
});
