import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { CDK_COVERAGE } from '../../components/aws/coverage';
import { cdkConfig, synthesize, type CdkResources } from './cdk-template';

const COMPONENTS = path.join(__dirname, '..', '..', 'components', 'aws');

describe("coverage of what Medplum's CDK makes", function () {
  this.timeout(120_000);

  function typesOf(resources: CdkResources): string[] {
    return [...new Set(Object.values(resources).map(({ Type }) => Type))].sort();
  }

  it('knows of every type in the templates what becomes of it, and of no other', async () => {
    const inOneRegion = await synthesize(cdkConfig('us-east-1'));
    const inTwo = await synthesize(cdkConfig('eu-west-1'));
    const withMore = await synthesize({
      ...cdkConfig('us-east-1'),
      rdsProxyEnabled: true,
      signingKeyId: undefined,
      storagePublicKey: '-----BEGIN PUBLIC KEY-----\nMFww\n-----END PUBLIC KEY-----',
      fargateAutoScaling: {
        minCapacity: 1,
        maxCapacity: 4,
        targetUtilizationPercent: 70,
        scaleInCooldown: 60,
        scaleOutCooldown: 60,
      },
    });

    // In the plain shape: 79 resources of 41 types, and one reader of the database more.
    expect(Object.keys(inOneRegion)).to.have.length(80);
    expect(typesOf(inOneRegion)).to.have.length(41);
    expect(typesOf(inTwo)).to.deep.equal(typesOf(inOneRegion));
    expect(typesOf(withMore)).to.deep.equal(Object.keys(CDK_COVERAGE).sort());
  });

  it('names only resources that this program makes', () => {
    const sources = readdirSync(COMPONENTS)
      .filter((name) => name.endsWith('.ts') && name !== 'coverage.ts')
      .map((name) => readFileSync(path.join(COMPONENTS, name), 'utf8'))
      .join('\n');

    const named = Object.values(CDK_COVERAGE).flatMap((coverage) => (coverage.how === 'left-out' ? [] : coverage.by));
    expect(named.filter((name) => !sources.includes(`new ${name}(`))).to.deep.equal([]);
  });
});
