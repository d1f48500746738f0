import { expect } from 'chai';
import { LEANS_ON_US_EAST_1, UNAVOIDABLE_ON_THE_DAY } from '../../components/aws/region-independence';
import type { Recording, Registration } from '../support/pulumi-mocks';
import {
  allStacks,
  exampleNames,
  HOME,
  inputText,
  recordStack,
  SECRET_VALUES,
  type Stack,
} from './support/example-stacks';

/*
 * Over all resources of every example stack and of every recovery of them, not resource by resource. That no program
 * invokes anything, and that none registers a type nobody thought of, is seen by the recording itself: it throws.
 */

interface PolicyStatement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource?: string | string[];
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

/** Types that hold patients' data, or without which it is lost. */
const HOLDS_DATA = new Set([
  'aws:rds/cluster:Cluster',
  'aws:rds/instance:Instance',
  'aws:rds/globalCluster:GlobalCluster',
  'aws:s3/bucket:Bucket',
  'aws:s3/bucketVersioning:BucketVersioning',
  'aws:backup/vault:Vault',
  'aws:kms/key:Key',
  'aws:secretsmanager/secret:Secret',
  'aws:ecr/repository:Repository',
  'aws:cloudwatch/logGroup:LogGroup',
  'aws:ec2/vpc:Vpc',
  'aws:route53/record:Record',
]);

function statementsIn({ inputs }: Registration): PolicyStatement[] {
  return ['policy', 'assumeRolePolicy'].flatMap((key) => {
    const text = inputs[key];
    return typeof text === 'string' ? (JSON.parse(text) as { Statement: PolicyStatement[] }).Statement : [];
  });
}

const list = (value: string | string[] | undefined): string[] => (value === undefined ? [] : [value].flat());

/** Whatever is not as it must be, as one line each, over a stack. */
function problems(recording: Recording, check: (each: Registration) => boolean, what: string): string[] {
  return recording.all.filter((each) => !check(each)).map(({ type, name }) => `${type} ${name}: ${what}`);
}

const isAws = ({ type, custom }: Registration): boolean => custom && type.startsWith('aws:');

/** The inputs that each type must have so that what it holds is encrypted, by our key where it can be told. */
const ENCRYPTED: Readonly<Record<string, (inputs: Registration['inputs']) => boolean>> = {
  'aws:rds/cluster:Cluster': (inputs) => inputs['storageEncrypted'] === true && 'kmsKeyId' in inputs,
  'aws:rds/instance:Instance': (inputs) => inputs['storageEncrypted'] === true && 'kmsKeyId' in inputs,
  'aws:rds/clusterInstance:ClusterInstance': (inputs) => 'performanceInsightsKmsKeyId' in inputs,
  'aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication': (inputs) => 'kmsKeyId' in inputs,
  'aws:elasticache/replicationGroup:ReplicationGroup': (inputs) =>
    inputs['atRestEncryptionEnabled'] === true && 'kmsKeyId' in inputs,
  'aws:backup/vault:Vault': (inputs) => 'kmsKeyArn' in inputs,
  'aws:secretsmanager/secret:Secret': (inputs) => 'kmsKeyId' in inputs,
  'aws:cloudwatch/logGroup:LogGroup': (inputs) => 'kmsKeyId' in inputs,
  'aws:ecr/repository:Repository': (inputs) => JSON.stringify(inputs['encryptionConfigurations']).includes('KMS'),
  'aws:ssm/parameter:Parameter': (inputs) => inputs['type'] === 'String' || 'keyId' in inputs,
  'aws:sns/topic:Topic': (inputs) => 'kmsMasterKeyId' in inputs,
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': (inputs) =>
    JSON.stringify(inputs['rules']).includes('aws:kms'),
};

/** The inputs that keep traffic in TLS. */
const IN_TLS: Readonly<Record<string, (inputs: Registration['inputs']) => boolean>> = {
  'aws:lb/listener:Listener': (inputs) =>
    inputs['protocol'] === 'HTTPS' && String(inputs['sslPolicy']).includes('TLS13'),
  'aws:elasticache/replicationGroup:ReplicationGroup': (inputs) =>
    inputs['transitEncryptionEnabled'] === true &&
    inputs['transitEncryptionMode'] === 'required' &&
    'authToken' in inputs,
  'aws:s3/bucketPolicy:BucketPolicy': (inputs) => String(inputs['policy']).includes('"aws:SecureTransport":"false"'),
  'aws:sns/topic:Topic': (inputs) => String(inputs['policy']).includes('"aws:SecureTransport":"false"'),
};

describe('security of every AWS stack', () => {
  it('has an example of each strategy, managed and existing, each with its standby', () => {
    const primaries = ['backup-restore', 'pilot-light', 'warm-standby', 'hot-standby', 'existing'];
    expect(exampleNames()).to.have.members(primaries.flatMap((each) => [`aws-${each}`, `aws-${each}-standby`]));
  });

  for (const stack of allStacks()) {
    describe(stack.name, () => {
      checkStack(stack);
    });
  }
});

function checkStack(stack: Stack): void {
  let recording: Recording;
  before(async () => {
    recording = await recordStack(stack.values, stack.name);
  });
  const of = (type: string): Registration[] => recording.all.filter((each) => each.type === type);

  it('opens nothing but port 443 of the load balancer to the internet', () => {
    const open = recording.all.filter((each) => each.type.startsWith('aws:vpc/') && 'cidrIpv4' in each.inputs);
    const inward = open.filter(({ type }) => type.includes('Ingress'));
    expect(inward.every(({ name }) => name.endsWith('internet-to-load-balancer'))).to.equal(true);
    expect(inward.every(({ inputs }) => inputs['fromPort'] === 443 && inputs['toPort'] === 443)).to.equal(true);
    for (const { inputs } of of('aws:ec2/securityGroup:SecurityGroup')) {
      expect(inputs).not.to.have.any.keys('ingress', 'egress');
    }
    for (const type of ['aws:rds/instance:Instance', 'aws:rds/clusterInstance:ClusterInstance']) {
      expect(of(type).every(({ inputs }) => inputs['publiclyAccessible'] === false)).to.equal(true);
    }
    expect(of('aws:ec2/subnet:Subnet').every(({ inputs }) => inputs['mapPublicIpOnLaunch'] === false)).to.equal(true);
  });

  it('closes every bucket to the public', () => {
    const blocks = of('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock');
    expect(blocks).to.have.length(of('aws:s3/bucket:Bucket').length);
    for (const { inputs } of blocks) {
      expect(inputs).to.include({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
    }
  });

  it('encrypts all that is kept, and all that is sent', () => {
    // The environment has no key in us-east-1; what is told of an outage names nobody and is kept nowhere.
    const isExcused = (name: string): boolean => name === 'medplum-monitoring-outage-alarms-topic';
    const kept = problems(
      recording,
      ({ type, name, inputs }) => isExcused(name) || (ENCRYPTED[type]?.(inputs) ?? true),
      'is not encrypted'
    );
    const sent = problems(recording, ({ type, inputs }) => IN_TLS[type]?.(inputs) ?? true, 'takes no TLS');
    expect([...kept, ...sent]).to.deep.equal([]);
    for (const partner of ['BucketPolicy', 'BucketServerSideEncryptionConfiguration', 'BucketVersioning']) {
      const type = `aws:s3/${partner.charAt(0).toLowerCase()}${partner.slice(1)}:${partner}`;
      expect(of(type), partner).to.have.length(of('aws:s3/bucket:Bucket').length);
    }
  });

  it('allows nobody everything: least privilege by statement', () => {
    const allowed = recording.all.flatMap((each) =>
      statementsIn(each)
        .filter(({ Effect }) => Effect === 'Allow')
        .map((statement) => ({ each, statement }))
    );
    for (const { each, statement } of allowed) {
      const where = `${each.name}: ${JSON.stringify(statement)}`;
      expect(list(statement.Action), where).not.to.include('*');
      expect(statement.Principal ?? null, where).not.to.equal('*');
      const isKeyPolicy = each.type === 'aws:kms/key:Key';
      if (list(statement.Resource).includes('*') && !isKeyPolicy) {
        // What AWS knows no resource for, and nothing that reads or changes anything of anybody's.
        expect(list(statement.Action), where).to.satisfy((actions: string[]) =>
          actions.every((action) => ['ecr:GetAuthorizationToken', 'lambda:ListLayerVersions'].includes(action))
        );
      }
      if (!isKeyPolicy) {
        expect(
          list(statement.Action).some((action) => action.endsWith(':*')),
          where
        ).to.equal(false);
      }
    }
  });

  it('protects what holds data', () => {
    expect(problems(recording, (each) => !HOLDS_DATA.has(each.type) || each.protect, 'is not protected')).to.deep.equal(
      []
    );
  });

  it('gives each resource a provider and a parent', () => {
    expect(problems(recording, (each) => !isAws(each) || each.provider !== null, 'has no provider')).to.deep.equal([]);
    const isTop = ({ type }: Registration): boolean =>
      type.startsWith('pulumi:') || type === 'medplum-dr:index:Environment';
    const isChild = (each: Registration): boolean => isTop(each) || each.parent !== null;
    expect(problems(recording, isChild, 'has no parent')).to.deep.equal([]);
    const components = recording.all.filter(({ type }) => type.startsWith('medplum-dr:'));
    expect(components.filter(({ outputs }) => outputs === null).map(({ name }) => name)).to.deep.equal([]);
  });

  it('shows no secret in the clear', () => {
    for (const each of recording.all) {
      const inClear = JSON.stringify(each.inputs, (_key, value: unknown) =>
        typeof value === 'object' && value !== null && 'secret' in value ? '[secret]' : value
      );
      for (const value of [SECRET_VALUES.signingKey, SECRET_VALUES.databasePassword, 'made-up-password']) {
        expect(inClear, each.name).not.to.include(value);
      }
    }
  });

  it('can be previewed, with nothing known that a provider computes', async () => {
    const preview = await recordStack(stack.values, stack.name, true);
    expect(preview.all.map(({ name }) => name)).to.deep.equal(recording.all.map(({ name }) => name));
  });

  if (stack.role !== 'primary') {
    it('names the home region only where something is copied from there', () => {
      const naming = recording.all.filter((each) => isAws(each) && inputText(each).includes(HOME));
      for (const each of naming) {
        const isSource = [
          'aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication',
          'aws:rds/instance:Instance',
          'aws:s3/bucketReplicationConfig:BucketReplicationConfig',
          'aws:iam/rolePolicy:RolePolicy',
        ].includes(each.type);
        expect(isSource && stack.role === 'standby', `${each.type} ${each.name}: ${inputText(each)}`).to.equal(true);
        // A role names home in replicating back only.
        if (each.type === 'aws:iam/rolePolicy:RolePolicy') {
          expect(each.name).to.match(/-replication-policy$/);
        }
      }
      const providers = recording.all.filter(({ type }) => type === 'pulumi:providers:aws');
      expect(providers.map(({ inputs }) => inputs['region'])).to.deep.equal(['eu-west-1']);
    });
  }

  if (stack.role === 'recovery') {
    it('makes nothing that leans on us-east-1, but for what is named as unavoidable', () => {
      const leaning = recording.all
        .filter(({ type }) => LEANS_ON_US_EAST_1.some((beginning) => type.startsWith(beginning)))
        .map(({ type }) => type);
      const { restore, strategy } = stack.values as { restore: { source: { kind: string } }; strategy: string };
      const isPromotion = restore.source.kind === 'replica';
      // A headless secondary needs its first instance; the others have one.
      const promoted = strategy === 'pilot-light' ? ['aws:rds/clusterInstance:ClusterInstance'] : [];
      const excused = isPromotion ? promoted : Object.keys(UNAVOIDABLE_ON_THE_DAY);
      expect(leaning.filter((type) => !excused.includes(type))).to.deep.equal([]);
      const endpoints = recording.all.filter(({ type }) => type === 'aws:ec2/vpcEndpoint:VpcEndpoint');
      expect(endpoints.every(({ inputs }) => inputs['vpcEndpointType'] === 'Gateway')).to.equal(true);
    });
  }
}
