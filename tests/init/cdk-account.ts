import { z } from 'zod';
import type { CdkResources } from './cdk-template';
import type { MotoAccount } from './moto-account';

const STACK = 'MedplumDemoStack';

/** What `init` must find, in the names that moto gave. */
export interface CdkAccount {
  readonly endpoint: string;
  readonly databaseSecretArn: string;
  readonly redisSecretArn: string;
  readonly zone: string;
  readonly certificateArn: string;
  readonly balancer: { readonly dnsName: string; readonly zone: string };
  readonly storageDistribution: string;
}

/**
 * Makes in moto what `init` reads of the resources that Medplum's CDK made a template of, with their names and
 * properties. Names that CloudFormation would make up are their logical ids.
 */
export async function fillFromTemplate(account: MotoAccount, resources: CdkResources): Promise<CdkAccount> {
  const [clusterName, cluster] = one('AWS::RDS::DBCluster', z.object({ EngineVersion: z.string() }));
  const [, group] = one(
    'AWS::RDS::DBClusterParameterGroup',
    z.object({ Parameters: z.record(z.string(), z.string()) })
  );
  const endpoint = await account.cluster(clusterName.toLowerCase(), {
    version: cluster.EngineVersion,
    parameters: group.Parameters,
    // CloudFormation adds the first to whatever it makes.
    tags: { 'aws:cloudformation:stack-name': STACK, 'medplum:environment': 'demo' },
  });
  for (const [name, { DBInstanceClass }] of all('AWS::RDS::DBInstance', z.object({ DBInstanceClass: z.string() }))) {
    await account.instance(name.toLowerCase(), clusterName.toLowerCase(), DBInstanceClass);
  }
  // What SecretTargetAttachment makes of the generated secret.
  const attached = {
    username: 'clusteradmin',
    password: 'TOP-SECRET-database',
    engine: 'postgres',
    host: endpoint,
    port: 5432,
    dbname: 'medplum',
  };
  const databaseSecretArn = await account.secret('DatabaseClusterSecret', JSON.stringify(attached));

  const [cacheName, cache] = one(
    'AWS::ElastiCache::ReplicationGroup',
    z.object({ CacheNodeType: z.string(), ReplicasPerNodeGroup: z.int() })
  );
  const host = await account.replicationGroup(
    cacheName.slice(0, 40).toLowerCase(),
    cache.CacheNodeType,
    cache.ReplicasPerNodeGroup + 1
  );
  const redisSecretArn = await account.secret(
    'RedisSecrets',
    JSON.stringify({ host, port: '6379', password: 'TOP-SECRET-cache', tls: {}, unused: 'x' })
  );

  for (const [, bucket] of all(
    'AWS::S3::Bucket',
    z.object({ BucketName: z.string(), VersioningConfiguration: z.object({ Status: z.literal('Enabled') }) })
  )) {
    await account.bucket(bucket.BucketName);
  }

  const [groupName] = one('AWS::ElasticLoadBalancingV2::TargetGroup', z.object({}));
  const targetGroup = await account.targetGroup(groupName.slice(0, 32));
  const [balancerName] = one('AWS::ElasticLoadBalancingV2::LoadBalancer', z.object({}));
  const balancer = await account.loadBalancer(balancerName.slice(0, 32));
  const certificateArn = await account.certificate('api.medplum.test');
  await account.listener(balancer.arn, targetGroup, certificateArn);

  const container = z.object({ Name: z.string(), Image: z.string() });
  const [, task] = one(
    'AWS::ECS::TaskDefinition',
    z.object({ Cpu: z.string(), Memory: z.string(), ContainerDefinitions: z.tuple([container]) })
  );
  const [serviceName, service] = one('AWS::ECS::Service', z.object({ DesiredCount: z.int() }));
  const [{ Name, Image }] = task.ContainerDefinitions;
  await account.service({
    cluster: one('AWS::ECS::Cluster', z.object({}))[0],
    name: serviceName,
    group: targetGroup,
    image: Image,
    container: Name,
    cpu: task.Cpu,
    memory: task.Memory,
    count: service.DesiredCount,
  });

  const distributions = new Map<string, { id: string; domain: string }>();
  const distribution = z.object({ DistributionConfig: z.object({ Aliases: z.tuple([z.string()]) }) });
  for (const [, { DistributionConfig }] of all('AWS::CloudFront::Distribution', distribution)) {
    const alias = DistributionConfig.Aliases[0];
    const origin = alias.startsWith('storage') ? 'medplum-demo-storage' : alias;
    distributions.set(alias, await account.distribution(alias, `${origin}.s3.${account.region}.amazonaws.com`));
  }

  await account.zone('medplum.test', await account.vpc());
  const zone = await account.zone('medplum.test');
  for (const [, record] of all('AWS::Route53::RecordSet', z.object({ Name: z.string(), Type: z.literal('A') }))) {
    const distributed = distributions.get(record.Name.replace(/\.$/, ''));
    await (distributed === undefined
      ? account.alias(zone, record.Name, `dualstack.${balancer.dnsName}`, balancer.zone)
      : account.alias(zone, record.Name, distributed.domain, 'Z2FDTNDATAQYW2'));
  }

  const references: Readonly<Record<string, string>> = {
    DatabaseSecrets: databaseSecretArn,
    RedisSecrets: redisSecretArn,
  };
  for (const [, { Name: name, Value }] of all(
    'AWS::SSM::Parameter',
    z.object({ Name: z.string(), Value: z.unknown() })
  )) {
    const written = typeof Value === 'string' ? Value : references[name.split('/').at(-1) ?? ''];
    await account.parameter(name, written ?? 'arn:aws:iam::123456789012:role/bots');
  }
  // moto's CloudFormation makes no Aurora cluster: the stack is there by its name, with a resource of the template.
  const [logName, log] = all('AWS::Logs::LogGroup', z.object({ LogGroupName: z.string() }))[0] ?? [];
  await account.stack(STACK, { Resources: { [logName ?? '']: { Type: 'AWS::Logs::LogGroup', Properties: log } } });
  return {
    endpoint,
    databaseSecretArn,
    redisSecretArn,
    zone,
    certificateArn,
    balancer,
    storageDistribution: distributions.get('storage.medplum.test')?.id ?? '',
  };

  function all<Properties>(type: string, schema: z.ZodType<Properties>): [string, Properties][] {
    const found = Object.entries(resources).filter(([, resource]) => resource.Type === type);
    return found.map(([name, resource]) => [name, schema.parse(resource.Properties)]);
  }

  function one<Properties>(type: string, schema: z.ZodType<Properties>): [string, Properties] {
    const [first, ...others] = all(type, schema);
    if (first === undefined || others.length > 0) {
      throw new Error(`The template has ${others.length + (first === undefined ? 0 : 1)} of ${type}, one expected`);
    }
    return first;
  }
}

/** What `medplum aws init` puts beside the CDK's own parameters. */
export async function putServerParameters(account: MotoAccount, path: string): Promise<void> {
  await account.parameter(`${path}port`, '8103');
  await account.parameter(`${path}baseUrl`, 'https://api.medplum.test/');
  await account.parameter(`${path}appBaseUrl`, 'https://app.medplum.test/');
  await account.parameter(`${path}storageBaseUrl`, 'https://storage.medplum.test/binary/');
  await account.parameter(`${path}binaryStorage`, 's3:medplum-demo-storage');
  await account.parameter(`${path}supportEmail`, 'support@medplum.test');
  await account.parameter(`${path}signingKeyId`, 'K123');
  await account.parameter(`${path}signingKey`, 'TOP-SECRET-key', 'SecureString');
  await account.parameter(`${path}signingKeyPassphrase`, 'TOP-SECRET-passphrase', 'SecureString');
}
