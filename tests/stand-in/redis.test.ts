import { expect } from 'chai';
import type { Bundle } from '@medplum/fhirtypes';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { eventually, freePort, TestPostgresql } from './postgresql';
import { basic, ordinaryClient, StandIn, superAdmin } from './stand-in';

const password = 'test-redis-password';

/** A Redis of this test's own; undefined where there is no `redis-server`. */
async function startRedis(): Promise<{ port: number; child: ChildProcess } | undefined> {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  const port = await freePort();
  const child = spawn('redis-server', ['-'], { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end(`port ${port}\nbind 127.0.0.1\nrequirepass ${password}\nsave ""\n`);
  return { port, child };
}

describe('stand-in with Redis', function () {
  this.timeout(120_000);
  let postgresql: TestPostgresql | undefined;
  let redis: { port: number; child: ChildProcess } | undefined;
  let standIn: StandIn | undefined;

  before(async function () {
    redis = await startRedis();
    if (redis === undefined) {
      // Pending: not checked where redis-server is not on PATH.
      this.skip();
    }
    postgresql = await TestPostgresql.start();
    await postgresql.query('postgres', 'CREATE DATABASE medplum');
  });

  after(async () => {
    await standIn?.destroy();
    await postgresql?.destroy();
    if (redis?.child.exitCode === null) {
      redis.child.kill('SIGTERM');
      await once(redis.child, 'exit');
    }
  });

  async function start(folder?: string): Promise<StandIn> {
    const environment = {
      MEDPLUM_REDIS_HOST: '127.0.0.1',
      MEDPLUM_REDIS_PORT: String(redis?.port),
      MEDPLUM_REDIS_PASSWORD: password,
    };
    return StandIn.start(postgresql!, 'medplum', folder === undefined ? { environment } : { environment, folder });
  }

  it('keeps tokens, schedules and ghosts for as long as Redis is kept, and loses them with it', async () => {
    standIn = await start();
    expect((await standIn.get('/healthcheck')).body).to.deep.include({ ok: true, redis: true });
    const client = await ordinaryClient(standIn, 'clinic');
    const bearer = `Bearer ${(await standIn.token(client)).body.access_token}`;
    const patient = await standIn.send<{ id: string }>('POST', '/fhir/R4/Patient', bearer, { resourceType: 'Patient' });
    await standIn.send('POST', '/fhir/R4/Bot', bearer, { resourceType: 'Bot', cronString: '0 3 * * *' });
    // As after a restore of a database that does not have the patient yet.
    await postgresql!.query('medplum', 'DELETE FROM "Patient" WHERE id = $1', [patient.body.id]);
    const seen = async (): Promise<unknown> => {
      const search = await standIn!.get<Bundle>(`/fhir/R4/Patient?_id=${patient.body.id}`, basic(client));
      const cron = await standIn!.get<{ schedules: object }>('/admin/super/cron', basic(superAdmin));
      return {
        token: (await standIn!.get('/fhir/R4/Observation', bearer)).status,
        read: (await standIn!.get(`/fhir/R4/Patient/${patient.body.id}`, basic(client))).status,
        found: search.body.entry?.length,
        schedules: Object.keys(cron.body.schedules).length,
      };
    };
    await standIn.stop();
    standIn = await start(standIn.folder);
    expect(await seen()).to.deep.equal({ token: 200, read: 200, found: 0, schedules: 1 });

    await standIn.stop();
    const control = new Redis({ host: '127.0.0.1', port: redis?.port, password });
    await control.flushall();
    await control.quit();
    standIn = await start(standIn.folder);
    expect(await seen()).to.deep.equal({ token: 401, read: 404, found: 0, schedules: 0 });
  });

  it('opens its port without Redis, with health failing', async () => {
    await standIn?.stop();
    redis?.child.kill('SIGTERM');
    await once(redis!.child, 'exit');
    standIn = await start(standIn?.folder);
    const health = await eventually(async () => {
      const answer = await standIn?.get('/healthcheck');
      return answer?.status === 500 ? answer : undefined;
    }, 60);
    expect(health.body).to.deep.equal({ msg: 'Internal Server Error' });
    expect((await standIn.stop()).code).to.equal(0);
  });
});
