import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect } from 'chai';
import { openControlStore } from '../../automation/control/open-store';
import { OperatorError } from '../../components/errors';
import { failureOf } from './failure-of';

describe('the address of control storage', () => {
  for (const [address, where] of [
    ['control', 'folder /srv/project/control'],
    ['../shared', 'folder /srv/shared'],
    ['/mnt/control', 'folder /mnt/control'],
    ['file:///mnt/control', 'folder /mnt/control'],
    ['file://./control', 'folder /srv/project/control'],
    ['file:///mnt/with%20space', 'folder /mnt/with space'],
    ['s3://control?region=eu-west-1', 's3://control/'],
    ['s3://control/a/b/?region=eu-west-1', 's3://control/a/b/'],
    ['s3://control/a?region=x&endpoint=http://minio:9000&forcePathStyle=true', 's3://control/a/ at http://minio:9000'],
  ] as const) {
    it(`opens ${address}`, async () => {
      expect((await openControlStore(address, '/srv/project')).address).to.equal(where);
    });
  }

  for (const address of ['gs://control', 'azblob://control', 'https://control.example', 'dynamodb://table']) {
    it(`refuses ${address} by name`, async () => {
      const failure = await failureOf(openControlStore(address, '/srv/project'));
      expect(failure).to.be.instanceOf(OperatorError).and.to.include({ kind: 'not-implemented' });
      expect((failure as OperatorError).message).to.include(address.split('//')[0]);
      expect((failure as OperatorError).hint)
        .to.include('s3://')
        .and.to.include('a folder');
    });
  }

  for (const address of [
    's3://AKIA123:hunter2@control/a',
    's3://hunter2@control/a',
    'gs://user:hunter2@control',
    's3://control?endpoint=http://user:hunter2@minio:9000',
    's3://control?endpoint=http%3A%2F%2Fuser%3Ahunter2%40minio%3A9000',
    's3://control?accessKeyId=AKIA123&secretAccessKey=hunter2',
    's3://control?X-Amz-Security-Token=hunter2',
    'azblob://control?sig=hunter2',
  ]) {
    it(`does not repeat the credentials in ${address.replace('hunter2', '…')}`, async () => {
      const failure = await failureOf(openControlStore(address, '/srv/project'));
      expect(failure).to.be.instanceOf(OperatorError).and.to.include({ kind: 'bad-input' });
      const { message, hint, cause, stack } = failure as OperatorError;
      expect(message).to.include('credentials');
      expect([message, hint, String(cause), stack].join()).not.to.match(/hunter2|AKIA123/);
    });
  }

  for (const [address, problem] of [
    ['s3://', 's3://bucket/prefix'],
    ['s3:///prefix', 's3://bucket/prefix'],
    ['s3://control?regoin=eu-west-1', 'regoin'],
    ['s3://control?forcePathStyle=yes', 'forcePathStyle'],
    ['s3://control?endpoint=minio:9000', 'endpoint'],
  ] as const) {
    it(`refuses ${address}`, async () => {
      const failure = await failureOf(openControlStore(address, '/srv/project'));
      expect(failure).to.be.instanceOf(OperatorError).and.to.include({ kind: 'bad-input' });
      expect((failure as OperatorError).message).to.include(problem);
    });
  }

  it('loads the SDK for a bucket only', function () {
    this.timeout(60_000);
    const source = path.resolve('automation/control/open-store.ts');
    const program = `
      const { openControlStore } = require(${JSON.stringify(source)});
      const loaded = () => Object.keys(require.cache).some((file) => file.includes('@aws-sdk'));
      (async () => {
        await openControlStore('control', '/srv');
        const before = loaded();
        await openControlStore('s3://control?region=eu-west-1', '/srv');
        console.log(JSON.stringify({ before, after: loaded() }));
      })();`;
    const printed = execFileSync(process.execPath, ['-r', 'tsx/cjs', '-e', program], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    expect(JSON.parse(printed)).to.deep.equal({ before: false, after: true });
  });
});
