import { expect } from 'chai';
import Redis from 'ioredis';
import { randomUUID } from 'node:crypto';
import type { SiteUnderTest } from '../../automation/verification/site';
import { programOnPath } from '../../components/local/cache';
import type { StepResults } from '../../automation/recovery/results';
import { databaseFingerprintSchema } from '../../medplum/fingerprint';
import { resolved } from '../drill/places';
import type { LostEnvironment } from './lost-environment';
import { beforeLooking, recover, told } from './recover';

export function cacheFromBeforeTheLoss(lost: () => LostEnvironment, newId: () => string): void {
  it('a cache from before the loss: it serves a lost version, and a record that the database has no longer', async function () {
    if (programOnPath('redis-server') === undefined) {
      // Without Redis the cache is the server's own memory, which no loss leaves behind.
      this.skip();
    }
    const { config } = lost();
    const id = newId();
    const names: string[] = [];

    const first = await recover(lost(), {
      id,
      world: beforeLooking('api', async (site) => {
        names.push(...(await fillCache(site)));
      }),
    });

    const [changed = '', deleted = ''] = names;
    expect(first.result).to.equal('failed');
    expect(first.checks).to.include({
      'health-endpoint': 'passed',
      'sample-search': 'passed',
      'cache-agrees': 'failed',
    });
    expect(told(first))
      .to.match(new RegExp(`${changed}: read gave \\S+, the database has `))
      .and.match(new RegExp(`${deleted}: read gave \\S+, and the database does not have it`))
      .and.include('The cache is from before the loss: empty it (FLUSHALL) and restart the server')
      .and.include(`medplum-dr resume ${id}`);
    expect(await resolved(config), 'traffic').to.deep.equal([config.site.address]);

    const second = await recover(lost(), {
      id,
      resume: true,
      world: beforeLooking('api', async (site) => {
        const redis = await cacheOf(site);
        await redis.flushall();
        redis.disconnect();
      }),
    });
    expect(second.result, told(second)).to.equal('recovered');
    expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
  });
}

async function cacheOf({ operations, result }: SiteUnderTest): Promise<Redis> {
  const { outputs } = result('recovery-stack');
  const { host, port, passwordSecret } = outputs.cache!;
  return new Redis({ host, port, password: (await operations.secret(outputs, passwordSecret)) ?? '' });
}

/** Puts another version of one sampled patient into the cache, and deletes another from the database alone. */
async function fillCache(site: SiteUnderTest): Promise<string[]> {
  const recorded: StepResults['recovery-point']['recorded'] = site.result('recovery-point').recorded;
  const { samples } = databaseFingerprintSchema.parse(recorded?.facts.fingerprint);
  const patients = samples.filter(({ resourceType }) => resourceType === 'Patient').map(({ id }) => id);
  const database = await site.operations.connectDatabase(site.result('recovery-stack').outputs);
  const redis = await cacheOf(site);
  try {
    for (const id of patients.slice(0, 2)) {
      const { rows } = await database.query<{ content: string }>('select content from "Patient" where id = $1', [id]);
      const resource = JSON.parse(rows[0]?.content ?? '') as { meta: object };
      const lostVersion = { ...resource, meta: { ...resource.meta, versionId: randomUUID() } };
      await redis.set(`Patient/${id}`, JSON.stringify(lostVersion));
    }
    await database.query(`update "Patient" set deleted = true where id = $1`, [patients[1]]);
  } finally {
    redis.disconnect();
    await database.end();
  }
  return patients.slice(0, 2).map((id) => `Patient/${id}`);
}
