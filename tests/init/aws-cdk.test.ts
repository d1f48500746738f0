import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parse } from 'yaml';
import { openEnvironment, openProject, readStackConfig } from '../../automation/stacks/project';
import { environmentProgram } from '../../components/program';
import { COMPUTED } from '../aws/support/computed';
import { record } from '../support/pulumi-mocks';
import { fillFromTemplate, putServerParameters, type CdkAccount } from './cdk-account';
import { cdkConfig, synthesize } from './cdk-template';
import { failureOf } from '../control/failure-of';
import { DIGEST, openFilledIn, startInitWorld, type InitWorld } from './init-world';
import { MotoAccount } from './moto-account';

/*
 * moto stands for AWS, filled from the template. What it does not have and who gives it here: no task carries an
 * imageDigest (the gateway adds it), a service starts no task (RunTask does), CloudFormation makes no Aurora cluster (the
 * cluster is made through RDS, the stack by its name), the key alias/aws/rds does not exist (seen as "not checked"),
 * orderable database options are those of us-east-1 in every region (which is the recovery region here for that reason).
 */
describe("init aws on what Medplum's CDK makes", function () {
  this.timeout(300_000);
  const place = { region: 'eu-west-1', configPath: '/medplum/demo/', recoveryRegion: 'us-east-1' };
  let world: InitWorld | null = null;
  let made: CdkAccount;

  before(async function () {
    world = await startInitWorld();
    if (world === null) {
      this.skip();
    }
    const account = new MotoAccount(world.moto, 'eu-west-1');
    made = await fillFromTemplate(account, await synthesize(cdkConfig('eu-west-1')));
    await putServerParameters(account, '/medplum/demo/');
  });

  after(async () => world?.stop());

  it('finds everything, and says of each value where', async () => {
    const { found, missing, notes } = await world!.init('demo', place);

    expect(Object.fromEntries(found.map(({ key, value }) => [key, value]))).to.deep.equal({
      platform: 'aws',
      role: 'primary',
      'source.kind': 'existing',
      'source.database.engine': 'aurora',
      'source.database.clusterIdentifier': 'backenddatabasecluster8b2f7305',
      'source.database.clusterArn': 'arn:aws:rds:eu-west-1:123456789012:cluster:backenddatabasecluster8b2f7305',
      'source.bucket': 'medplum-demo-storage',
      'source.bucketReplicates': false,
      'source.databaseSecretArn': made.databaseSecretArn,
      'source.redisSecretArn': made.redisSecretArn,
      'source.configPath': '/medplum/demo/',
      'source.loadBalancer.dnsName': made.balancer.dnsName,
      'source.loadBalancer.hostedZoneId': made.balancer.zone,
      'site.region': 'eu-west-1',
      'site.network.availabilityZones': ['eu-west-1a', 'eu-west-1b'],
      'site.bucket': 'medplum-demo-storage',
      'site.certificateArn': made.certificateArn,
      'site.image': `medplum/medplum-server@${DIGEST}`,
      'site.configPath': '/medplum/demo/',
      'recoverySite.region': 'us-east-1',
      'recoverySite.network.availabilityZones': ['us-east-1a', 'us-east-1b', 'us-east-1c'],
      'database.engine': 'aurora',
      'database.version': '12.9',
      'database.instanceClass': 'db.t3.medium',
      'database.instances': 2,
      'cache.nodeType': 'cache.t2.medium',
      'cache.nodes': 2,
      'application.baseUrl': 'https://api.medplum.test/',
      'application.version': '4.0.2',
      'application.cpu': 1024,
      'application.memory': 2048,
      'application.count.min': 1,
      'application.settings.appBaseUrl': 'https://app.medplum.test/',
      'application.settings.storageBaseUrl': 'https://storage.medplum.test/binary/',
      'application.settings.supportEmail': 'support@medplum.test',
      'traffic.name': 'api.medplum.test',
      'traffic.hostedZoneId': made.zone,
    });
    expect(missing.map(({ key }) => key)).to.deep.equal(['control', 'recoverySite.certificateArn']);
    expect(notes.join('\n'))
      .to.include('whose values are not read: signingKey, signingKeyId, signingKeyPassphrase.')
      .and.include('CloudFormation stack MedplumDemoStack (CREATE_COMPLETE)')
      .and.include('statement_timeout=60000, default_transaction_isolation=REPEATABLE READ')
      .and.include(
        `storage.medplum.test (storageBaseUrl) is served by distribution ${made.storageDistribution} from medplum-demo-storage.`
      );
  });

  it('writes a config that is sound once what was not found is filled in', async () => {
    const { files } = await world!.init('sound', place);

    const text = await readFile(files[1]!, 'utf8');
    expect(text)
      .to.match(
        /clusterIdentifier: "backenddatabasecluster8b2f7305" # from DatabaseSecrets → host → DescribeDBClusters\n/
      )
      .and.match(/# not found: certificates of us-east-1 .*\n +# certificateArn: <arn:aws:acm:us-east-1:…>\n/);
    expect(await failureOf(openEnvironment(await openProject(world!.folder), 'sound'))).to.include({
      kind: 'bad-input',
    });
    const certificateArn = 'arn:aws:acm:us-east-1:123456789012:certificate/c';
    const { environment, config } = await openFilledIn(files[1]!, {
      certificateArn,
      control: 's3://dr-control/demo?region=us-east-1',
    });
    expect(environment).to.include({ site: 'eu-west-1', recoverySite: 'us-east-1' });
    expect(config.recoverySite).to.include({ certificateArn, configPath: '/medplum/demo/' });
    expect(config.source).to.include({ kind: 'existing', bucket: 'medplum-demo-storage' });
    expect(Object.keys(parse(text) as object)).to.deep.equal(['config']);
  });

  it('writes a config of which the program makes protection alone', async () => {
    const { files } = await world!.init('made', place);
    await openFilledIn(files[1]!, {
      certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/c',
      control: 's3://dr-control/demo?region=us-east-1',
    });
    const values = await readStackConfig(await openProject(world!.folder), 'made');
    const texts = Object.entries(values).map(([key, value]) => [
      `medplum-dr:${key}`,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);

    const { all } = await record(() => environmentProgram(world!.folder), {
      stack: 'made',
      config: Object.fromEntries(texts) as Record<string, string>,
      computed: COMPUTED,
    });

    const types = all.map(({ type }) => type);
    expect(types).to.include.members([
      'aws:backup/selection:Selection',
      'aws:s3/bucketReplicationConfig:BucketReplicationConfig',
    ]);
    expect(types.filter((type) => /^aws:(rds|ecs|ec2|elasticache|lb|route53\/record)/.test(type))).to.deep.equal([]);
    expect(types).not.to.include('aws:s3/bucket:Bucket');
  });

  it('takes the version that the server tells before the tag of its image', async () => {
    const { found } = await world!.init('told', place, { ok: true, version: '4.0.3-515c26d74' });

    expect(found.find(({ key }) => key === 'application.version')).to.include({
      value: '4.0.3',
      from: 'baseUrl → healthcheck → version',
    });
  });

  it('only reads, and lets no secret out', async () => {
    const before = world!.gateway.actions.length;
    const result = await world!.init('quiet', place);

    const asked = world!.gateway.actions.slice(before);
    expect(asked).to.have.length.above(15);
    expect(asked.filter((action) => !/:(Describe|List|Get|GET )/.test(action))).to.deep.equal([]);
    const written = await readFile(result.files[1]!, 'utf8');
    for (const text of [written, JSON.stringify(result)]) {
      expect(text).not.to.match(/TOP-SECRET|pretended-password|clusteradmin/);
    }
  });

  it('writes nothing over, and asks nothing before it knows that', async () => {
    const { files } = await world!.init('mine', place);
    const text = await readFile(files[1]!, 'utf8');
    const before = world!.gateway.actions.length;

    const failure = await failureOf(world!.init('mine', place));

    expect(failure).to.include({ kind: 'bad-input' });
    expect(world!.gateway.actions).to.have.length(before);
    expect(await readFile(files[1]!, 'utf8')).to.equal(text);
  });
});
