import { expect } from 'chai';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { readSecrets } from '../../../components/local/secrets-store/store';
import { filesWith, stackName, TestEnvironment } from './environment';

describe('the secrets of an environment on the local platform', function () {
  this.timeout(120_000);
  const given = 'given-by-the-operator-4711';
  let environment: TestEnvironment;

  before(async () => {
    environment = await TestEnvironment.make();
    await environment.up();
  });
  after(() => environment.remove());

  async function give(value: string): Promise<void> {
    // By standard input: as an argument it could be seen.
    const key = ['--path', 'medplum-dr:secrets.partnerKey'];
    await environment.pulumi(['config', 'set', '--secret', ...key, '--stack', stackName], value);
  }

  it('take in what the config gives, once', async () => {
    const generated = await environment.secrets();
    await give(given);

    const first = await environment.up();
    const second = await environment.up();

    expect(first.changed).to.deep.equal({ update: ['medplum-secrets-store'] });
    expect(second.changed).to.deep.equal({});
    expect(await environment.secrets()).to.deep.equal(new Map([...generated, ['partnerKey', given]]));
    await give(`${given}-changed`);
    expect((await environment.preview()).changed).to.deep.equal({ update: ['medplum-secrets-store'] });
    expect((await environment.up()).changed).to.deep.equal({ update: ['medplum-secrets-store'] });
    expect((await environment.secrets()).get('partnerKey')).to.equal(`${given}-changed`);
  });

  it('are at the other site under the same key, and open under no other', async () => {
    const replica = path.join(environment.replica, 'secrets.json');
    const key = Buffer.from(
      await readFile(path.join(environment.workspace.outside, 'keys', 'secrets.key'), 'utf8'),
      'hex'
    );

    expect(await readSecrets(replica, key)).to.deep.equal(await environment.secrets());
    const refusal = await readSecrets(replica, Buffer.alloc(32, 7)).catch((error: unknown) => error);
    expect(String(refusal)).to.include(replica).and.include('another key');
    expect((await stat(replica)).mode & 0o777).to.equal(0o600);
  });

  it('stand in clear nowhere: not in state, process arguments, logs or files', async () => {
    const values = [...(await environment.secrets())];
    const { directory, outside } = environment.workspace;
    const exported = await environment.pulumi(['stack', 'export', '--stack', stackName]);
    expect(exported).to.include('medplum-secrets-store');
    const commands = await Promise.all(
      (await readdir('/proc'))
        .filter((entry) => /^\d+$/.test(entry))
        .map((entry) => readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => ''))
    );

    expect(values.map(([name]) => name))
      .to.include('partnerKey')
      .and.include('databasePassword');
    expect(await readdir(path.join(outside, 'state', '.pulumi'))).to.include('history');
    const texts = values.map(([, value]) => value);
    const files = await filesWith(directory, [...texts, stackName]);
    expect(files.get(stackName), 'what the search finds').to.not.deep.equal([]);
    for (const [name, value] of values) {
      expect(exported.includes(value), `${name} in the exported state`).to.equal(false);
      expect(
        commands.some((command) => command.includes(value)),
        `${name} in arguments`
      ).to.equal(false);
      // The application keeps its super admin client as a row of its database, as Medplum does.
      const elsewhere = files
        .get(value)!
        .filter((file) => !name.startsWith('superAdmin') || !/\/(database|wal|base[^/]*)\//.test(file));
      expect(elsewhere, `files with ${name}`).to.deep.equal([]);
    }
  });

  it('has logs that only their owner reads', async () => {
    const logs = path.join(environment.live, 'logs');
    const own = (await readdir(logs)).filter((file) => file !== 'postgresql.log');

    expect(own).to.include('application.log');
    for (const file of own) {
      expect((await stat(path.join(logs, file))).mode & 0o777, file).to.equal(0o600);
    }
  });
});
