import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { runningDaemon, signalGroup, startDaemon, stopDaemon, until } from '../../../components/local/process/daemon';

const run = promisify(execFile);

describe('a process of the local platform', () => {
  let folder: string;
  let pidFile: string;
  let logFile: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-daemon-'));
    pidFile = path.join(folder, 'run', 'some.pid');
    logFile = path.join(folder, 'logs', 'some.log');
  });
  afterEach(async () => {
    const daemon = await runningDaemon(pidFile);
    if (daemon !== null) {
      signalGroup(daemon.group, 'SIGKILL');
    }
    await rm(folder, { recursive: true });
  });

  async function start(...script: string[]): Promise<number> {
    const environment = { PATH: process.env['PATH'] ?? '', GIVEN: 'yes' };
    return startDaemon({ command: ['/bin/sh', '-c', ...script], folder, environment, logFile, pidFile });
  }

  async function written(): Promise<string[]> {
    return (await readFile(logFile, 'utf8')).split('\n').filter((line) => line !== '');
  }

  async function linesAre(count: number): Promise<string[]> {
    await until(async () => (await written()).length >= count, 5000);
    return written();
  }

  it('runs in its folder, with no environment but its own, and logs to a file that only its owner reads', async () => {
    const pid = await start('pwd; env | grep -c HOME; echo $GIVEN; exec sleep 60');

    expect(await linesAre(3)).to.deep.equal([folder, '0', 'yes']);
    expect((await stat(logFile)).mode & 0o777).to.equal(0o600);
    expect((await runningDaemon(pidFile))?.pid).to.equal(pid);
  });

  it('outlives the process that started it', async () => {
    const source = path.resolve(__dirname, '../../../components/local/process/daemon.ts');
    const specification = {
      command: ['sleep', '60'],
      folder,
      environment: { PATH: process.env['PATH'] },
      logFile,
      pidFile,
    };
    const script = `require(${JSON.stringify(source)}).startDaemon(${JSON.stringify(specification)})`;

    // Ends by itself: the daemon holds none of the starter's files.
    await run(process.execPath, ['-r', 'tsx/cjs', '-e', script], { cwd: path.resolve(__dirname, '../../..') });

    expect(await runningDaemon(pidFile)).to.not.equal(null);
    await stopDaemon(pidFile);
    expect(await runningDaemon(pidFile)).to.equal(null);
  });

  it('is not mistaken for another process that has its number now', async () => {
    await start('exec sleep 60');
    const identity = JSON.parse(await readFile(pidFile, 'utf8')) as { pid: number; group: number; startTime: string };
    const other = path.join(folder, 'other.pid');
    await writeFile(other, JSON.stringify({ ...identity, startTime: '1' }));

    expect(await runningDaemon(other)).to.equal(null);
    await stopDaemon(other);
    expect((await runningDaemon(pidFile))?.pid).to.equal(identity.pid);
  });

  it('is stopped with those that it started, also when it ends long before them', async () => {
    await start('sleep 60 & echo $!; trap "exit 0" TERM; wait');
    const child = Number((await linesAre(1))[0]);
    await stopDaemon(pidFile);
    // Its number goes when the system's first process has noticed.
    expect(await until(() => !alive(child), 5000)).to.equal(true);

    // This one takes its time after its parent is gone, and says when it is through.
    const slow = 'trap "sleep 1; echo through; exit 0" TERM; echo ready; while :; do sleep 0.1; done';
    await start(`sh -c '${slow}' & trap "exit 0" TERM; wait`);
    await linesAre(2);
    await stopDaemon(pidFile);
    expect((await written()).at(-1)).to.equal('through');
  });

  it('is killed when it does not end in time', async () => {
    const pid = await start('trap "" TERM; echo ready; while :; do sleep 0.1; done');
    await linesAre(1);

    await stopDaemon(pidFile, 200);

    expect(await until(() => !alive(pid), 5000)).to.equal(true);
  });

  it('says which folder is missing', async () => {
    const specification = {
      command: ['sleep', '60'],
      folder: path.join(folder, 'none'),
      environment: {},
      logFile,
      pidFile,
    };

    const error = await startDaemon(specification).catch((thrown: unknown) => String(thrown));

    expect(error).to.include(`sleep could not be started in ${folder}/none`);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: no such process.
    return false;
  }
}
