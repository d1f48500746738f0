import { expect } from 'chai';
import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { changeZone } from '../../../components/local/dns/zone';
import { until } from '../../../components/local/process/daemon';
import { readWatcherEvents } from '../../../components/local/watcher/events';

const source = path.resolve(__dirname, '../../../components/local');

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, 'close');
  return port;
}

describe('the programs of the local platform', function () {
  this.timeout(30_000);
  let folder: string;
  const children: ChildProcess[] = [];
  const servers: Server[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-programs-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    }
    servers.splice(0).forEach((server) => server.close());
    await rm(folder, { recursive: true });
  });

  /** Starts one and waits until it says that it is ready. */
  async function start(program: string, variable: string, settings: unknown): Promise<ChildProcess> {
    const child = execFile(process.execPath, ['-r', 'tsx/cjs', path.join(source, program)], {
      env: { PATH: process.env['PATH'], [variable]: JSON.stringify(settings) },
    });
    children.push(child);
    let output = '';
    child.stdout?.on('data', (chunk: string) => (output += chunk));
    child.stderr?.on('data', (chunk: string) => (output += chunk));
    await until(() => output.includes('\n') || child.exitCode !== null, 15_000);
    expect(child.exitCode, output).to.equal(null);
    return child;
  }

  it('pass connections on, and close them when the application goes away', async () => {
    const application = createServer((socket) => {
      socket.on('data', (data) =>
        data.toString() === 'end' ? socket.destroy() : socket.write(`echo ${data.toString()}`)
      );
      socket.on('error', () => undefined);
    });
    const target = { address: '127.0.0.1', port: await listening(application) };
    servers.push(application);
    const listen = { address: '127.0.0.2', port: await freePort() };
    await start('load-balancer/main.ts', 'MEDPLUM_DR_LOAD_BALANCER', { listen, target });

    const client = connect(listen.port, listen.address);
    client.write('one');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).to.equal('echo one');
    client.write('end');
    await once(client, 'close');

    application.close();
    await once(application, 'close');
    const refused = connect(listen.port, listen.address);
    refused.on('error', () => undefined);
    await once(refused, 'close');
  });

  it('copy objects to the other site whole, with those that come later, and nothing half-written', async () => {
    const objects = path.join(folder, 'objects');
    const destination = path.join(folder, 'replica', 'objects');
    const stateFile = path.join(folder, 'replica', 'objects.json');
    const [first, second] = ['4f1a0c7e-0000-4000-8000-000000000001', '4f1a0c7e-0000-4000-8000-000000000002'];
    await mkdir(path.join(objects, 'a'), { recursive: true });
    await writeFile(path.join(objects, 'a', first), 'first');
    await writeFile(path.join(objects, 'a', `${second}.partial`), 'sec');
    await start('replication/main.ts', 'MEDPLUM_DR_REPLICATION', { source: objects, destination, stateFile });
    const arrived = async (id: string, version: string): Promise<string> => {
      await until(
        async () => (await readdir(path.join(destination, id)).catch((): string[] => [])).includes(version),
        10_000
      );
      return readFile(path.join(destination, id, version), 'utf8');
    };

    expect(await arrived('a', first)).to.equal('first');
    await writeFile(path.join(objects, 'a', second), 'second');
    await rm(path.join(objects, 'a', `${second}.partial`));
    await mkdir(path.join(objects, 'b'));
    await writeFile(path.join(objects, 'b', first), 'third');

    expect(await arrived('a', second)).to.equal('second');
    expect(await arrived('b', first)).to.equal('third');
    expect(await readdir(path.join(destination, 'a'))).to.have.members([first, second]);
    const state = JSON.parse(await readFile(stateFile, 'utf8')) as { syncedAt: string };
    expect(Date.now() - Date.parse(state.syncedAt)).to.be.within(0, 15_000);
  });

  it('tell of an outage and of its end, in the file and to the webhook', async () => {
    let healthy = true;
    const told: { kind: string; environment: string }[] = [];
    const application = http.createServer((_request, response) => {
      response.statusCode = healthy ? 200 : 503;
      response.end(JSON.stringify({ ok: true, postgres: healthy }));
    });
    const webhook = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        told.push(JSON.parse(body) as (typeof told)[number]);
        response.end();
      });
    });
    const port = await listening(application);
    const hook = await listening(webhook);
    servers.push(application, webhook);
    const dns = { address: '127.0.0.1', port: await freePort() };
    const zoneFile = path.join(folder, 'zone.json');
    const record = { address: '127.0.0.1', ttlSeconds: 5, generation: 0, site: 'site-a' };
    await changeZone(zoneFile, (zone) => ({ ...zone, records: { 'medplum.test': record } }));
    await start('dns/server.ts', 'MEDPLUM_DR_DNS', { zoneFile, ...dns });
    const settings = { name: 'medplum.test', port, dns, intervalSeconds: 0.05, failures: 3, folder };
    await start('watcher/main.ts', 'MEDPLUM_DR_WATCHER', { ...settings, webhook: `http://127.0.0.1:${hook}/` });
    const probed = once(application, 'request');
    await probed;
    // Answered once: from here on it is out, not starting.
    await once(application, 'request');

    healthy = false;
    await until(async () => (await readWatcherEvents(folder)).length === 1, 10_000);
    healthy = true;
    await until(() => told.length === 2, 10_000);

    const events = await readWatcherEvents(folder);
    expect(events.map((event) => event.kind)).to.deep.equal(['outage', 'recovered']);
    expect(events[0]).to.include({ reason: '/healthcheck answered 503', address: '127.0.0.1' });
    expect(told.map(({ kind, environment }) => ({ kind, environment }))).to.deep.equal([
      { kind: 'outage', environment: 'medplum.test' },
      { kind: 'recovered', environment: 'medplum.test' },
    ]);
  });

  it('keep every record when many change the zone at once', async () => {
    const zoneFile = path.join(folder, 'dns', 'zone.json');
    const names = Array.from({ length: 10 }, (_, index) => `name-${index}.test`);

    await Promise.all(
      names.map((name) =>
        changeZone(zoneFile, (zone) => ({
          ...zone,
          records: { ...zone.records, [name]: { address: '127.0.0.1', ttlSeconds: 1, generation: 0, site: 'a' } },
        }))
      )
    );

    const zone = JSON.parse(await readFile(zoneFile, 'utf8')) as { serial: number; records: object };
    expect(zone.records).to.have.keys(names);
    expect(zone.serial).to.equal(names.length);
  });
});
