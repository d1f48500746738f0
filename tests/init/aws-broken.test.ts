import { readdir, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Initialised } from '../../automation/init/new-config';
import { OperatorError } from '../../components/errors';
import { withAwsEnvironment } from '../control/aws-environment';
import { failureOf } from '../control/failure-of';
import { startInitWorld, startWorldBehind, type InitWorld } from './init-world';
import { MotoAccount } from './moto-account';
import { fillSmallAccount, PATH } from './small-account';

describe('init aws where something is not as Medplum made it', function () {
  this.timeout(300_000);
  const place = { region: 'eu-west-1', configPath: PATH };
  let world: InitWorld | null = null;
  let account: MotoAccount;
  let count = 0;

  before(async function () {
    world = await startInitWorld();
    if (world === null) {
      this.skip();
    }
    account = new MotoAccount(world.moto, 'eu-west-1');
  });

  after(async () => world?.stop());

  async function init(): Promise<Initialised & { readonly text: string }> {
    count += 1;
    const made = await world!.init(`prod-${count}`, place, { version: '5.0.10-abc' });
    const text = await readFile(made.files[1]!, 'utf8');
    expect(text + JSON.stringify(made)).not.to.include('TOP-SECRET');
    return { ...made, text };
  }

  const reasonOf = ({ missing }: Initialised, key: string): string | undefined =>
    missing.find((each) => each.key === key)?.reason;

  it('names the zone that is not in Route 53 of the account, and goes on', async () => {
    await fillSmallAccount(account, { zone: false });

    const made = await init();

    expect(reasonOf(made, 'traffic.hostedZoneId')).to.equal(
      'Route 53 of this account has no public zone for api.example.test'
    );
    expect(reasonOf(made, 'source.loadBalancer.dnsName')).to.equal(reasonOf(made, 'traffic.hostedZoneId'));
    expect(made.text).to.match(/# loadBalancer:\n.*# {3}not found: .*\n.*# {3}dnsName: /);
    expect(made.found.map(({ key }) => key)).to.include('source.database.clusterArn');
  });

  it('finds the cluster behind an RDS Proxy', async () => {
    const { databaseSecret } = await fillSmallAccount(account);
    const host = await account.proxy('medplum-proxy', 'medplum-prod');
    await account.changeSecret(databaseSecret, JSON.stringify({ host, password: 'TOP-SECRET' }));

    const { found, notes } = await init();

    expect(found.find(({ key }) => key === 'source.database.clusterIdentifier')).to.include({
      value: 'medplum-prod',
      from: 'DatabaseSecrets → host → DescribeDBProxies → DescribeDBProxyTargets → DescribeDBClusters',
    });
    expect(notes.join()).to.include('through RDS Proxy medplum-proxy');
  });

  it('finds an instance that belongs to no cluster', async () => {
    const { databaseSecret } = await fillSmallAccount(account);
    const host = await account.loneInstance('medplum-lone', 'db.m6g.large');
    await account.changeSecret(databaseSecret, JSON.stringify({ host, password: 'TOP-SECRET' }));

    const { found } = await init();

    expect(Object.fromEntries(found.map(({ key, value }) => [key, value]))).to.include({
      'source.database.engine': 'rds',
      'source.database.instanceIdentifier': 'medplum-lone',
      'source.database.instanceArn': 'arn:aws:rds:eu-west-1:123456789012:db:medplum-lone',
      'database.version': '16.4',
      'database.instanceClass': 'db.m6g.large',
      'database.storageGigabytes': 50,
      'database.multiAz': true,
    });
  });

  it('names the host that nothing of the account has', async () => {
    const { databaseSecret } = await fillSmallAccount(account);
    await account.changeSecret(databaseSecret, JSON.stringify({ host: 'db.elsewhere.test', password: 'TOP-SECRET' }));

    const made = await init();

    expect(reasonOf(made, 'source.database')).to.equal(
      'no cluster, instance or proxy in eu-west-1 has the endpoint db.elsewhere.test'
    );
    expect(made.text).to.match(/# database:\n.*# {3}engine: aurora\n.*# {3}clusterIdentifier: <fill in>\n/);
  });

  it('says of a secret that is no JSON just that', async () => {
    const { databaseSecret } = await fillSmallAccount(account);
    await account.changeSecret(databaseSecret, 'TOP-SECRET-plain-text');

    const made = await init();

    expect(reasonOf(made, 'source.database')).to.equal(
      'the secret that DatabaseSecrets names is not the JSON object that Medplum reads'
    );
    expect(made.found.find(({ key }) => key === 'source.databaseSecretArn')).to.include({ value: databaseSecret });
  });

  it('goes on after each read that is denied, and names the action that is missing', async () => {
    await fillSmallAccount(account);
    const before = world!;
    const denied = await startWorldBehind(before.moto);
    for (const action of ['secretsmanager:GetSecretValue', 's3:GET', 'elasticloadbalancing:DescribeListeners']) {
      denied.gateway.refuse(action);
    }
    try {
      const made = await denied.init('denied', place, { version: '5.0.10-abc' });

      expect(reasonOf(made, 'source.database')).to.equal('access to secretsmanager:GetSecretValue was denied');
      expect(reasonOf(made, 'source.bucketReplicates')).to.equal('access to s3:GetReplicationConfiguration was denied');
      expect(reasonOf(made, 'site.certificateArn')).to.equal(
        'access to elasticloadbalancing:DescribeListeners was denied'
      );
      expect(made.notes.join()).to.include('Not checked whether bucket medplum-prod-binary keeps versions');
      expect(made.found.map(({ key }) => key)).to.include.members(['traffic.hostedZoneId', 'source.bucket']);
    } finally {
      await denied.stop();
    }
  });

  it('waits and asks again when it is throttled', async () => {
    await fillSmallAccount(account);
    const busy = await startWorldBehind(world!.moto);
    busy.gateway.refuse('rds:DescribeDBClusters', { status: 400, code: 'Throttling', times: 2 });
    try {
      const made = await busy.init('busy', place);

      expect(made.found.map(({ key }) => key)).to.include('source.database.clusterArn');
      expect(busy.gateway.actions.filter((action) => action === 'rds:DescribeDBClusters')).to.have.length(3);
    } finally {
      await busy.stop();
    }
  });

  it('ends where there is no configuration to follow', async () => {
    await account.reset();

    const failure = await failureOf(world!.init('nothing', place));

    expect(failure).to.be.instanceOf(OperatorError);
    expect((failure as OperatorError).message).to.equal(`There is no parameter below ${PATH} in eu-west-1.`);
  });
});

describe('init aws without an account to read', () => {
  const place = { region: 'eu-west-1', configPath: PATH };
  let awsEnvironment: { restore: () => void };
  let world: InitWorld;
  beforeEach(async () => {
    awsEnvironment = withAwsEnvironment();
    world = await startWorldBehind(null);
  });
  afterEach(async () => {
    await world.stop();
    awsEnvironment.restore();
  });

  it('says which action the credentials lack to read the configuration', async () => {
    const failure = (await failureOf(world.init('prod', place))) as OperatorError;

    expect(failure.message).to.equal(
      "Medplum's configuration cannot be read in eu-west-1: access to ssm:GetParametersByPath was denied."
    );
    expect(failure.hint).to.include(`parameter${PATH}*`);
    expect(await readdir(world.folder)).to.deep.equal([]);
  });

  it('says that there are no credentials, or none that are good', async () => {
    world.gateway.refuse('ssm:', { status: 400, code: 'ExpiredTokenException' });
    expect(await failureOf(world.init('prod', place))).to.include({
      kind: 'bad-input',
      message: 'AWS does not accept the credentials (ExpiredTokenException).',
    });

    awsEnvironment.restore();
    awsEnvironment = withAwsEnvironment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
    const failure = (await failureOf(world.init('prod', place))) as OperatorError;
    expect(failure.message).to.match(/^No AWS credentials were found: /);
  });

  it('says that a region cannot be reached', async () => {
    await world.gateway.stop();

    const failure = (await failureOf(world.init('prod', place))) as OperatorError;

    expect(failure.message).to.include('ssm:GetParametersByPath could not be reached (ECONNREFUSED)');
    world = await startWorldBehind(null);
  });

  it('refuses what cannot be a place, and what cannot be recovered to', async () => {
    const failure = (await failureOf(
      world.init('prod', { region: 'europe', configPath: 'medplum', recoveryRegion: 'eu' })
    )) as OperatorError;
    expect(failure.problems).to.have.length(3);

    expect(await failureOf(world.init('prod', { ...place, recoveryRegion: 'eu-west-1' }))).to.include({
      kind: 'bad-input',
    });
    expect(world.gateway.actions).to.deep.equal([]);
  });
});
