import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { openControlStore } from '../../automation/control/open-store';
import type { ControlStore } from '../../automation/control/store';
import { failureOf } from './failure-of';
import { startMoto, type Moto } from './moto';
import { itBehavesAsAControlStore } from './store-behaviour';
import { withAwsEnvironment } from './aws-environment';

describe('control storage in a bucket', function () {
  // moto is installed once a machine.
  this.timeout(300_000);
  let awsEnvironment: { restore: () => void };
  let moto: Moto | undefined;
  let prefix: string;

  before(async function () {
    awsEnvironment = withAwsEnvironment();
    const started = await startMoto();
    if (typeof started === 'string') {
      if (process.env['CI'] !== undefined) {
        throw new Error(started);
      }
      console.log(`      not checked: ${started}`);
      this.skip();
    }
    moto = started;
    const client = new S3Client({ region: 'eu-west-1', endpoint: moto.endpoint, forcePathStyle: true });
    const place = { LocationConstraint: 'eu-west-1' } as const;
    await client.send(new CreateBucketCommand({ Bucket: 'control', CreateBucketConfiguration: place }));
    client.destroy();
  });
  beforeEach(() => {
    prefix = `dr/${randomUUID()}`;
  });
  after(async () => {
    await moto?.stop();
    awsEnvironment.restore();
  });

  const open = (bucketAndPrefix: string): Promise<ControlStore> =>
    openControlStore(
      `s3://${bucketAndPrefix}?region=eu-west-1&endpoint=${moto!.endpoint}&forcePathStyle=true`,
      '/nowhere'
    );

  itBehavesAsAControlStore(() => open(`control/${prefix}`));

  it('lists more keys than one answer holds', async () => {
    const store = await open(`control/${prefix}`);
    const keys = Array.from({ length: 1005 }, (_, index) => `runs/a/${String(index).padStart(5, '0')}`);
    for (let at = 0; at < keys.length; at += 50) {
      await Promise.all(keys.slice(at, at + 50).map((key) => store.replace(key, '')));
    }
    expect(await store.list('runs/')).to.deep.equal(keys);
  });

  it('keeps to its prefix', async () => {
    const [one, beside] = [await open(`control/${prefix}`), await open(`control/${prefix}-2`)];
    await one.create('a', 'one');
    expect(await beside.list('')).to.deep.equal([]);
    expect(await beside.create('a', 'two')).to.equal(true);
    expect(await one.read('a')).to.equal('one');
  });

  it('says that there is no such bucket', async () => {
    const store = await open('nothing-here/dr');
    const uses = [
      () => store.read('a'),
      () => store.list(''),
      () => store.create('a', ''),
      () => store.replace('a', ''),
    ];
    for (const use of uses) {
      const failure = await failureOf(use());
      expect(failure).to.include({ name: 'OperatorError', kind: 'recovery-failed' });
      expect(String(failure)).to.include('the bucket does not exist');
    }
  });
});
