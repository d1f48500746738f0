import { expect } from 'chai';
import { DIGEST, openFilledIn, startInitWorld, type InitWorld } from './init-world';
import { MotoAccount } from './moto-account';
import { fillSmallAccount, PATH, type SmallAccount } from './small-account';

describe("init aws on what Medplum's Terraform makes", function () {
  this.timeout(300_000);
  const place = { region: 'eu-west-1', configPath: PATH };
  let world: InitWorld | null = null;
  let made: SmallAccount;

  before(async function () {
    world = await startInitWorld();
    if (world === null) {
      this.skip();
    }
    made = await fillSmallAccount(new MotoAccount(world.moto, 'eu-west-1'));
  });

  after(async () => world?.stop());

  it('finds all but the server, which runs on Kubernetes, and decrypts no parameter that it has no need of', async () => {
    const { found, missing } = await world!.init('prod', place);

    expect(Object.fromEntries(found.map(({ key, value }) => [key, value]))).to.include({
      'source.database.clusterIdentifier': 'medplum-prod',
      'source.databaseSecretArn': made.databaseSecret,
      'source.bucket': 'medplum-prod-binary',
      'database.version': '16.4',
      'cache.nodeType': 'cache.t4g.medium',
      // The longest of the two zones that could hold the name.
      'traffic.hostedZoneId': made.zone,
    });
    expect(missing.map(({ key }) => key)).to.deep.equal([
      'control',
      'site.image',
      'recoverySite',
      'application.version',
      'application.cpu',
      'application.memory',
      'application.count',
    ]);
    expect(missing[1]).to.include({ reason: 'no ECS service in eu-west-1 stands behind the load balancer' });
    expect(world!.gateway.actions.filter((action) => action === 'ssm:GetParameters')).to.have.length(2);
  });

  it('writes a config that is sound once what was not found is filled in', async () => {
    const { files } = await world!.init('sound', place, { version: '5.0.10-abc' });
    const { config } = await openFilledIn(files[1]!, {
      image: `medplum/medplum-server@${DIGEST}`,
      name: 'frankfurt',
      region: 'eu-central-1',
      availabilityZones: '["eu-central-1a", "eu-central-1b"]',
      bucket: 'medplum-prod-binary-frankfurt',
      certificateArn: 'arn:aws:acm:eu-central-1:123456789012:certificate/c',
      control: 's3://dr-control/prod?region=eu-central-1',
    });

    expect(config.site.image).to.equal(`medplum/medplum-server@${DIGEST}`);
    expect(config.recoverySite).to.include({ region: 'eu-central-1', configPath: PATH });
    expect(config.application).to.include({ version: '5.0.10', cpu: 1024, memory: 2048 });
  });
});
