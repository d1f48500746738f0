import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { localSchema } from '../../../components/local/config';
import { readAttempts } from '../../../components/local/quarantine/attempts';
import { attemptsFile, operatorSettings } from '../../../components/local/quarantine/settings';
import { committedConfig } from '../../components/local-environment';

const run = promisify(execFile);

/** What programs of the copy find: the ways out, each ending in the code of its error or in `went out`. */
const WAYS_OUT = `
  const net = require('node:net'), tls = require('node:tls'), http = require('node:http'), https = require('node:https');
  const http2 = require('node:http2'), dgram = require('node:dgram');
  const { Worker } = require('node:worker_threads'), { execFile, fork } = require('node:child_process');
  const [port, program] = process.argv.slice(2);
  const inside = "require('node:net').connect(" + port + ", '127.0.0.1')" +
    ".on('connect', () => end('went out')).on('error', (error) => end(error.code))";
  const inWorker = 'const end = (code) => require("node:worker_threads").parentPort.postMessage(code);' + inside;
  const inChild = 'const end = (code) => { console.log(code); process.exit() };' + inside;
  const event = (emitter, good) => new Promise((end) => {
    emitter.on('error', (error) => end(error.code)).on(good, () => end('went out'));
  });
  const worker = (options) => new Promise((end) => new Worker(inWorker, { eval: true, ...options }).on('message', end));
  const child = (options) => new Promise((end) =>
    execFile(process.execPath, ['-e', inChild], options, (error, stdout) => end(stdout.trim()))
  );
  const ways = {
    tcp: () => event(net.connect(port, '127.0.0.1'), 'connect'),
    'tcp, by a name': () => event(net.connect(port, 'production.example.com'), 'connect'),
    'tcp, another way to write the address': () => event(net.connect(port, '127.1'), 'connect'),
    'tcp, a socket made before': () => event(new net.Socket().connect({ port, host: '::ffff:127.0.0.1' }), 'connect'),
    'unix socket': () => event(net.connect('/tmp/medplum-dr-no-such.sock'), 'connect'),
    tls: () => event(tls.connect(port, '127.0.0.1', { rejectUnauthorized: false }), 'secureConnect'),
    http: () => event(http.get('http://127.0.0.1:' + port), 'response'),
    https: () => event(https.get('https://127.0.0.1:' + port), 'response'),
    http2: () => event(http2.connect('http://127.0.0.1:' + port), 'connect'),
    fetch: () => fetch('http://127.0.0.1:' + port).then(() => 'went out', (error) => error.cause.code),
    udp: () => new Promise((end) => {
      const socket = dgram.createSocket('udp4');
      socket.send('x', 514, '127.0.0.1', (error) => { socket.close(); end(error?.code ?? 'went out') });
    }),
    'udp, a part of a buffer': () => {
      const socket = dgram.createSocket('udp4');
      const ended = event(socket, 'never');
      socket.send(Buffer.from('xyz'), 0, 1, 514, '127.0.0.1');
      setTimeout(() => socket.emit('never'), 100);
      return ended.finally(() => socket.close());
    },
    worker: () => worker({}),
    'worker with an environment of its own': () => worker({ env: {}, execArgv: [] }),
    child: () => child({}),
    'child with an environment of its own': () => child({ env: {} }),
    'forked module': () => new Promise((end) => fork(program, [port], { env: {}, execArgv: [] }).on('message', end)),
  };
  (async () => {
    const found = {};
    for (const [name, way] of Object.entries(ways)) found[name] = await way();
    console.log(JSON.stringify(found));
    process.exit();
  })();
`;

const FORKED = `
  require('node:net').connect(process.argv[2], '127.0.0.1')
    .on('connect', () => process.send('went out')).on('error', (error) => process.send(error.code))
    .on('close', () => process.disconnect());
`;

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe("the gate of a drill's copy", function () {
  this.timeout(60_000);
  let folder: string;
  const servers: Server[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr "gate" '));
    await mkdir(path.join(folder, 'live'));
    await writeFile(path.join(folder, 'ways-out.js'), WAYS_OUT);
    await writeFile(path.join(folder, 'forked.js'), FORKED);
  });
  afterEach(async () => {
    servers.splice(0).forEach((server) => server.close());
    await rm(folder, { recursive: true });
  });

  const live = (): string => path.join(folder, 'live');

  function environment(changes: { port?: number; nodeOptions?: string } = {}): Record<string, string> {
    const values = committedConfig();
    const application = values['application'] as Record<string, unknown>;
    const site = values['site'] as { ports: object };
    const config = localSchema.parse({
      ...values,
      site: { ...site, ports: { ...site.ports, application: changes.port ?? 18103 } },
      application: {
        ...application,
        environment: changes.nodeOptions === undefined ? {} : { NODE_OPTIONS: changes.nodeOptions },
      },
      quarantine: { drill: 'drill-1' },
    });
    return { ...operatorSettings(config, { live: live() }).environment };
  }

  /** A server that counts who comes. */
  async function counting(): Promise<{ port: number; arrivals: () => number }> {
    let arrivals = 0;
    const server = createServer((socket) => {
      arrivals += 1;
      socket.destroy();
    });
    servers.push(server);
    return { port: await listen(server), arrivals: () => arrivals };
  }

  it('lets nothing out, whichever way it is tried, and counts each attempt', async () => {
    const outside = await counting();
    const args = ['ways-out.js', String(outside.port), path.join(folder, 'forked.js')];

    const { stdout } = await run(process.execPath, args, { cwd: folder, env: environment() });

    const found = JSON.parse(stdout) as Record<string, string>;
    const expected = Object.fromEntries(Object.keys(found).map((way) => [way, 'EQUARANTINE']));
    expect(found).to.deep.equal(expected);
    expect(Object.keys(found)).to.have.length(17);
    expect(outside.arrivals()).to.equal(0);
    expect(await readAttempts(attemptsFile({ live: live() }))).to.deep.equal([
      { target: `127.0.0.1:${outside.port}`, attempts: 11 },
      { target: '127.0.0.1:514/udp', attempts: 2 },
      { target: `[::ffff:127.0.0.1]:${outside.port}`, attempts: 1 },
      { target: `127.1:${outside.port}`, attempts: 1 },
      { target: `production.example.com:${outside.port}`, attempts: 1 },
      { target: 'unix:/tmp/medplum-dr-no-such.sock', attempts: 1 },
    ]);
  });

  it('is what keeps them in: without it they go out', async () => {
    const outside = await counting();
    const args = ['ways-out.js', String(outside.port), path.join(folder, 'forked.js')];

    await run(process.execPath, args, { cwd: folder, env: {} });

    expect(outside.arrivals()).to.be.at.least(8);
    expect(await readAttempts(attemptsFile({ live: live() }))).to.equal(null);
  });

  it('lets the copy reach itself, by address and by its own name, which nobody looks up', async () => {
    const server = http.createServer((request, response) => response.end(request.headers.host));
    servers.push(server);
    const port = await listen(server);
    const name = 'medplum.test';
    const program = `(async () => {
      const texts = [];
      for (const host of ['127.0.0.1', 'localhost']) {
        texts.push(await (await fetch('http://' + host + ':${port}/')).text());
      }
      const error = await fetch('http://${name}:8103/').catch(({ cause }) => cause);
      console.log(JSON.stringify([...texts, error.code, error.address]));
    })()`;

    const { stdout } = await run(process.execPath, ['-e', program], { cwd: folder, env: environment({ port }) });

    // Nothing listens at the site's address: the refusal is the system's, and shows where the name led.
    expect(JSON.parse(stdout)).to.deep.equal([`127.0.0.1:${port}`, `localhost:${port}`, 'ECONNREFUSED', '127.0.0.2']);
    expect(await readAttempts(attemptsFile({ live: live() }))).to.deep.equal([]);
  });

  it('keeps the options that the operator gave Node, and closes before them', async () => {
    const outside = await counting();
    const operators = path.join(folder, 'operators.js');
    await writeFile(
      operators,
      `require('node:net').connect(${outside.port}, '127.0.0.1').on('error', (e) => console.log(e.code))`
    );
    const nodeOptions = `--max-http-header-size=9999 --require ${JSON.stringify(operators)}`;
    const program = `console.log(require('node:http').maxHeaderSize)`;

    const { stdout } = await run(process.execPath, ['-e', program], { cwd: folder, env: environment({ nodeOptions }) });

    expect(stdout.trim().split('\n')).to.have.members(['9999', 'EQUARANTINE']);
    expect(outside.arrivals()).to.equal(0);
  });

  it('does not let a process start that lost its settings', async () => {
    const { NODE_OPTIONS } = environment();
    const ended = await run(process.execPath, ['-e', 'console.log("started")'], {
      cwd: folder,
      env: { NODE_OPTIONS: NODE_OPTIONS ?? '' },
    }).catch((error: unknown) => error);
    expect((ended as { stderr: string }).stderr).to.include('MEDPLUM_DR_QUARANTINE is not set');
    expect(ended).to.include({ stdout: '' });
  });

  it('refuses an attempt that it cannot note, and says so', async () => {
    const outside = await counting();
    const program = `require('node:fs').rmSync(${JSON.stringify(live())}, { recursive: true });
      require('node:net').connect(${outside.port}, '127.0.0.1').on('error', (error) => console.log(error.message))`;
    const { stdout } = await run(process.execPath, ['-e', program], { cwd: folder, env: environment() });
    expect(stdout).to.include('EQUARANTINE').and.to.include('could not be noted: Error: ENOENT');
    expect(outside.arrivals()).to.equal(0);
  });

  it('notes nothing but times, process ids and targets', async () => {
    const outside = await counting();
    const url = `http://user:hunter2@127.0.0.1:${outside.port}/Patient/1?token=s3cret`;
    const program = `require('node:http').get('${url}').on('error', () => undefined)`;
    await run(process.execPath, ['-e', program], { cwd: folder, env: environment() });
    const lines = (await readFile(attemptsFile({ live: live() }), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).to.deep.equal([
      ['at', 'kind', 'pid'],
      ['at', 'kind', 'target', 'pid'],
    ]);
    expect(lines[1]).to.include(`"target":"127.0.0.1:${outside.port}"`);
  });
});
