import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { erase } from '../../../components/local/provider/erase';
import { processResource } from '../../../components/local/provider/process';
import { runningDaemon, stopDaemon } from '../../../components/local/process/daemon';

describe('the process resource', () => {
  let folder: string;
  let pidFile: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-process-'));
    pidFile = path.join(folder, 'some.pid');
  });
  afterEach(async () => {
    await stopDaemon(pidFile);
    await rm(folder, { recursive: true });
  });

  const inputs = (...command: string[]) => ({
    name: 'some',
    command,
    folder,
    environment: {},
    secretEnvironment: {},
    secretStore: null,
    logFile: path.join(folder, 'some.log'),
    pidFile,
    running: true,
    site: null,
  });

  it('does not take what another process answers for its own', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const ready = { kind: 'tcp', address: '127.0.0.1', port, timeoutSeconds: 5 } as const;

    const refusal = await processResource
      .create({ ...inputs('sleep', '60'), ready })
      .catch((error: unknown) => String(error));

    other.close();
    expect(refusal).to.include(`some cannot be started: another process answers at 127.0.0.1:${port} already`);
    expect(await runningDaemon(pidFile)).to.equal(null);
  });

  it('says with the end of the log why a process did not come up', async () => {
    const ready = { kind: 'tcp', address: '127.0.0.1', port: 1, timeoutSeconds: 5 } as const;

    const refusal = await processResource
      .create({ ...inputs('/bin/sh', '-c', 'echo no such setting; exit 1'), ready })
      .catch((error: unknown) => String(error));

    expect(refusal).to.include('some ended while starting').and.include('no such setting');
  });

  it('replaces what an update left running that was killed before the engine knew of it', async () => {
    const wanted = { ...inputs('sleep', '60'), ready: { kind: 'started' } as const };
    await processResource.create(wanted);
    const left = await runningDaemon(pidFile);

    await processResource.create(wanted);

    const now = await runningDaemon(pidFile);
    expect(now).to.not.equal(null);
    expect(now?.pid).to.not.equal(left?.pid);
  });

  it('lists every input that is wrong', () => {
    const failures = erase(processResource).check({ ...inputs(), folder: 5, ready: { kind: 'soon' } });

    expect(failures.map(({ property }) => property)).to.have.members(['command', 'folder', 'ready.kind']);
    failures.forEach(({ reason }) => expect(reason).to.be.a('string').and.not.equal(''));
  });
});
