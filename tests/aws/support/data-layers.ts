import { Provider } from '@pulumi/aws/provider';
import { secret } from '@pulumi/pulumi';
import { Backups } from '../../../components/aws/backups';
import { awsSchema, type AwsConfig } from '../../../components/aws/config';
import { Database } from '../../../components/aws/database';
import { DatabaseParameters } from '../../../components/aws/database-parameters';
import { ObjectStorage } from '../../../components/aws/object-storage';
import { restoreSchema } from '../../../components/config';
import type { SiteState } from '../../../components/layers';
import { record, type Recording, type Registration } from '../../support/pulumi-mocks';

/*
 * The layers that hold data, each alone on mocks. What the other layers would give them stands here as plain text.
 */

export const ACCOUNT = '111122223333';
export const HOME = 'eu-west-1';
export const AWAY = 'eu-central-1';

const DIGEST = 'a'.repeat(64);

function site(name: string, region: string): Record<string, unknown> {
  return {
    name,
    region,
    network: { availabilityZones: [`${region}a`, `${region}b`] },
    bucket: `clinic-binaries-${name}`,
    certificateArn: `arn:aws:acm:${region}:${ACCOUNT}:certificate/0000`,
    image: `${ACCOUNT}.dkr.ecr.${region}.amazonaws.com/medplum@sha256:${DIGEST}`,
    configPath: '/medplum/clinic/',
  };
}

export const AURORA = { engine: 'aurora', version: '16.6' };
export const RDS = { engine: 'rds', version: '16.6' };

export const EXISTING = {
  kind: 'existing',
  database: {
    engine: 'aurora',
    clusterIdentifier: 'cdk-cluster',
    clusterArn: `arn:aws:rds:${HOME}:${ACCOUNT}:cluster:cdk-cluster`,
  },
  bucket: 'cdk-binaries',
  databaseSecretArn: `arn:aws:secretsmanager:${HOME}:${ACCOUNT}:secret:database`,
  configPath: '/medplum/cdk/',
  loadBalancer: { dnsName: 'lb.example.com', hostedZoneId: 'Z1' },
};

/** Config of a stack: a standby's and a recovery's site is the recovery region, the other site the home one. */
export function configOf(role: AwsConfig['role'], changes: Record<string, unknown> = {}): AwsConfig {
  const [home, away] = [site('home', HOME), site('away', AWAY)];
  const [here, other] = role === 'primary' ? [home, away] : [away, home];
  return awsSchema.parse({
    platform: 'aws',
    role,
    objectives: { rto: '1h', rpo: '1h' },
    application: { baseUrl: 'https://api.example.com/', version: '5.0.10' },
    traffic: { name: 'api.example.com', hostedZoneId: 'Z1' },
    site: here,
    recoverySite: other,
    control: `s3://clinic-control/journals?region=${AWAY}`,
    standing: {
      keyArn: `arn:aws:kms:${AWAY}:${ACCOUNT}:key/1`,
      loadBalancer: { dnsName: 'standing.example.com', hostedZoneId: 'Z2' },
    },
    database: AURORA,
    ...changes,
  });
}

const text = (value: unknown): string => JSON.stringify(value);

const COMPUTED: Parameters<typeof record>[1]['computed'] = {
  'aws:rds/cluster:Cluster': ({ clusterIdentifier, masterUsername }) => ({
    arn: `arn of ${text(clusterIdentifier)}`,
    endpoint: 'cluster.example.com',
    masterUsername: masterUsername ?? 'owner-of-then',
  }),
  'aws:rds/clusterInstance:ClusterInstance': () => ({}),
  'aws:rds/instance:Instance': ({ identifier, username }) => ({
    arn: `arn of ${text(identifier)}`,
    address: 'instance.example.com',
    username: username ?? 'owner-of-then',
  }),
  'aws:rds/clusterParameterGroup:ClusterParameterGroup': () => ({}),
  'aws:rds/parameterGroup:ParameterGroup': () => ({}),
  'aws:rds/globalCluster:GlobalCluster': () => ({}),
  'aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication': () => ({}),
  'aws:ec2/securityGroup:SecurityGroup': () => ({}),
  'aws:backup/vault:Vault': () => ({}),
  'aws:backup/vaultPolicy:VaultPolicy': () => ({}),
  'aws:backup/vaultLockConfiguration:VaultLockConfiguration': () => ({}),
  'aws:backup/vaultNotifications:VaultNotifications': () => ({}),
  'aws:backup/plan:Plan': () => ({}),
  'aws:backup/selection:Selection': () => ({}),
  'aws:s3/bucket:Bucket': () => ({}),
  'aws:s3/bucketVersioning:BucketVersioning': () => ({}),
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': () => ({}),
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': () => ({}),
  'aws:s3/bucketPolicy:BucketPolicy': () => ({}),
  'aws:s3/bucketReplicationConfig:BucketReplicationConfig': () => ({}),
  'random:index/randomId:RandomId': () => ({ hex: '0badcafe' }),
};

const CONTEXT = { stack: 'clinic-r7', environment: 'clinic' };

export const PASSWORD = 'not-in-clear';

export interface Given {
  readonly state?: SiteState;
  /** `restore.source` of the stack. */
  readonly source?: Record<string, unknown>;
  readonly preview?: boolean;
}

/** @returns what a program of one layer registered. Its provider is called `site-provider`. */
function run(config: AwsConfig, preview: boolean, layer: (provider: Provider) => unknown): Promise<Recording> {
  return record(() => layer(new Provider('site-provider', { region: config.site.region as never })), {
    stack: CONTEXT.stack,
    config: {},
    computed: COMPUTED,
    preview,
  });
}

export function recordDatabase(config: AwsConfig, given: Given = {}): Promise<Recording> {
  const restore =
    given.source === undefined
      ? undefined
      : restoreSchema.parse({ recoveryId: 'r7', recoveryPoint: 'point-7', source: given.source });
  return run(config, given.preview ?? false, (provider) => {
    new Database(
      'database',
      {
        config,
        context: CONTEXT,
        network: {
          vpcId: 'vpc-1',
          databaseSecurityGroupId: 'sg-database',
          databaseSubnetGroupName: 'medplum-dr-clinic',
        },
        secrets: { databaseSecretArn: 'secret-arn', databasePassword: secret(PASSWORD) },
        keys: { keyArn: 'site-key' },
        provider,
        state: given.state ?? 'serving',
        restore,
      },
      {}
    );
  });
}

export function recordParameters(config: AwsConfig): Promise<Recording> {
  return run(config, false, (provider) => {
    new DatabaseParameters('parameters', { config, context: CONTEXT, provider }, {});
  });
}

export function recordBackups(config: AwsConfig, preview = false): Promise<Recording> {
  return run(config, preview, (provider) => {
    new Backups(
      'backups',
      {
        config,
        context: CONTEXT,
        keys: { keyArn: 'site-key' },
        roles: { backup: 'backup-role' },
        database: config.source.kind === 'existing' ? undefined : { arn: 'arn-of-own-database' },
        provider,
      },
      {}
    );
  });
}

export function recordObjectStorage(config: AwsConfig, preview = false): Promise<Recording> {
  return run(config, preview, (provider) => {
    new ObjectStorage(
      'storage',
      {
        config,
        context: CONTEXT,
        keys: { keyArn: 'site-key' },
        roles: { replication: 'replication-role' },
        provider,
        restore: undefined,
      },
      {}
    );
  });
}

export function inputsOf(recording: Recording, name: string): Registration['inputs'] {
  return recording.get(name).inputs;
}

/** Types of the cloud's resources, without the token's first part: `rds/cluster:Cluster` is `Cluster`. */
export function typesOf(recording: Recording): string[] {
  return recording.all
    .filter(({ type }) => type.startsWith('aws:'))
    .map(({ type }) => type.slice(type.lastIndexOf(':') + 1))
    .sort();
}
