import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { FolderStore } from '../../automation/control/folder-store';
import { acquireLease, leaseHolder, type Lease } from '../../automation/control/lease';
import { realClock } from '../../automation/recovery/clock';
import { until } from '../../components/local/process/daemon';
import { failureOf } from './failure-of';

describe('lease of a driver process', function () {
  this.timeout(60_000);
  let folder: string;
  let driver: ChildProcess;
  let said: string;
  let leases: Lease[];

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-lease-'));
    leases = [];
    said = '';
    driver = spawn(process.execPath, ['-r', 'tsx/cjs', path.join(__dirname, 'driver.ts'), folder], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    driver.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await expectSaid('holds 1\n');
  });
  afterEach(async () => {
    await kill();
    await Promise.all(leases.map((lease) => lease.release()));
    await rm(folder, { recursive: true });
  });

  async function expectSaid(text: string): Promise<void> {
    expect(await until(() => said.includes(text), 30_000), `"${text}" in "${said}"`).to.equal(true);
  }

  async function kill(): Promise<void> {
    if (driver.exitCode === null && driver.signalCode === null) {
      driver.kill('SIGKILL');
      await once(driver, 'close');
    }
  }

  async function acquire(takeOver: boolean): Promise<Lease> {
    const store = new FolderStore(folder);
    const options = { store, environment: 'prod', purpose: 'a test', after: 0, takeOver, clock: realClock };
    const lease = await acquireLease(options);
    leases.push(lease);
    return lease;
  }

  it('is refused to others while the process runs, and free at once when it was killed', async () => {
    const refusal = String(await failureOf(acquire(false)));
    expect(refusal).to.include(`(process ${driver.pid!}) for recovery rec-1`).and.to.include('still runs');

    await kill();

    const lease = await acquire(false);
    expect(lease.number).to.equal(2);
    expect(lease.takenFrom).to.include({ number: 1, pid: driver.pid, purpose: 'recovery rec-1' });
  });

  it('is lost to a process that slept while another took over', async () => {
    driver.stdin!.write('\n');
    await expectSaid('may\n');
    driver.kill('SIGSTOP');
    expect((await acquire(true)).number).to.equal(2);

    driver.stdin!.write('\n');
    driver.kill('SIGCONT');

    await expectSaid('took environment "prod" over');
    await expectSaid('lost\n');
    expect(said.split('may\n')).to.have.length(2);
  });

  it('gives signs of life that another process sees', async () => {
    const first = (await leaseHolder(new FolderStore(folder), 'prod'))!.lastSignOfLife;
    const later = async (): Promise<boolean> =>
      (await leaseHolder(new FolderStore(folder), 'prod'))!.lastSignOfLife !== first;
    expect(await until(later, 20_000)).to.equal(true);
  });

  it('does not keep a process that has nothing left to do', async () => {
    driver.stdin!.end();
    await once(driver, 'close', { signal: AbortSignal.timeout(20_000) });
    expect(driver.exitCode).to.equal(0);
  });
});
