import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CloudFrontClient, CreateDistributionCommand } from '@aws-sdk/client-cloudfront';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { CreateReplicationGroupCommand, ElastiCacheClient } from '@aws-sdk/client-elasticache';
import {
  CreateDBClusterCommand,
  CreateDBClusterParameterGroupCommand,
  CreateDBInstanceCommand,
  CreateDBProxyCommand,
  ModifyDBClusterParameterGroupCommand,
  RDSClient,
  RegisterDBProxyTargetsCommand,
} from '@aws-sdk/client-rds';
import { ChangeResourceRecordSetsCommand, CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

/** Clients of one region of the account that moto pretends, and the few things that have no client here. */
export class MotoAccount {
  readonly ssm: SSMClient;
  readonly secrets: SecretsManagerClient;
  readonly rds: RDSClient;
  readonly cache: ElastiCacheClient;
  readonly s3: S3Client;
  readonly dns: Route53Client;
  readonly balancers: ElasticLoadBalancingV2Client;
  readonly ecs: ECSClient;
  readonly cdn: CloudFrontClient;
  readonly stacks: CloudFormationClient;

  constructor(
    readonly endpoint: string,
    readonly region: string
  ) {
    const options = { endpoint, region };
    this.ssm = new SSMClient(options);
    this.secrets = new SecretsManagerClient(options);
    this.rds = new RDSClient(options);
    this.cache = new ElastiCacheClient(options);
    this.s3 = new S3Client({ ...options, forcePathStyle: true });
    this.dns = new Route53Client(options);
    this.balancers = new ElasticLoadBalancingV2Client(options);
    this.ecs = new ECSClient(options);
    this.cdn = new CloudFrontClient(options);
    this.stacks = new CloudFormationClient(options);
  }

  async reset(): Promise<void> {
    await fetch(`${this.endpoint}/moto-api/reset`, { method: 'POST' });
  }

  async parameter(name: string, value: string, type: 'String' | 'SecureString' = 'String'): Promise<void> {
    await this.ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: type }));
  }

  async secret(name: string, value: string): Promise<string> {
    return (await this.secrets.send(new CreateSecretCommand({ Name: name, SecretString: value }))).ARN ?? '';
  }

  async changeSecret(arn: string, value: string): Promise<void> {
    await this.secrets.send(new PutSecretValueCommand({ SecretId: arn, SecretString: value }));
  }

  /** @returns the endpoint of the cluster. */
  async cluster(
    identifier: string,
    of: {
      readonly version: string;
      readonly tags?: Readonly<Record<string, string>>;
      readonly parameters?: Readonly<Record<string, string>>;
    }
  ): Promise<string> {
    const group = `${identifier}-params`.toLowerCase();
    const family = `aurora-postgresql${of.version.split('.')[0] ?? ''}`;
    await this.rds.send(
      new CreateDBClusterParameterGroupCommand({
        DBClusterParameterGroupName: group,
        DBParameterGroupFamily: family,
        Description: group,
      })
    );
    const Parameters = Object.entries(of.parameters ?? {}).map(([ParameterName, ParameterValue]) => ({
      ParameterName,
      ParameterValue,
      ApplyMethod: 'immediate' as const,
    }));
    if (Parameters.length > 0) {
      await this.rds.send(new ModifyDBClusterParameterGroupCommand({ DBClusterParameterGroupName: group, Parameters }));
    }
    const { DBCluster } = await this.rds.send(
      new CreateDBClusterCommand({
        DBClusterIdentifier: identifier,
        Engine: 'aurora-postgresql',
        EngineVersion: of.version,
        MasterUsername: 'clusteradmin',
        MasterUserPassword: 'pretended-password',
        DBClusterParameterGroupName: group,
        BackupRetentionPeriod: 7,
        StorageEncrypted: true,
        Tags: Object.entries(of.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
      })
    );
    return DBCluster?.Endpoint ?? '';
  }

  async instance(identifier: string, cluster: string, instanceClass: string): Promise<void> {
    await this.rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: identifier,
        DBClusterIdentifier: cluster,
        DBInstanceClass: instanceClass,
        Engine: 'aurora-postgresql',
      })
    );
  }

  /** An instance that belongs to no cluster. @returns its address. */
  async loneInstance(identifier: string, instanceClass: string): Promise<string> {
    const { DBInstance } = await this.rds.send(
      new CreateDBInstanceCommand({
        DBInstanceIdentifier: identifier,
        DBInstanceClass: instanceClass,
        Engine: 'postgres',
        EngineVersion: '16.4',
        AllocatedStorage: 50,
        MultiAZ: true,
        MasterUsername: 'medplum',
        MasterUserPassword: 'pretended-password',
      })
    );
    return DBInstance?.Endpoint?.Address ?? '';
  }

  /** @returns the endpoint of a proxy before a cluster. */
  async proxy(name: string, cluster: string): Promise<string> {
    const { DBProxy } = await this.rds.send(
      new CreateDBProxyCommand({
        DBProxyName: name,
        EngineFamily: 'POSTGRESQL',
        Auth: [{ AuthScheme: 'SECRETS', SecretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:x' }],
        RoleArn: 'arn:aws:iam::123456789012:role/proxy',
        VpcSubnetIds: await this.subnets(),
      })
    );
    await this.rds.send(new RegisterDBProxyTargetsCommand({ DBProxyName: name, DBClusterIdentifiers: [cluster] }));
    return DBProxy?.Endpoint ?? '';
  }

  /** @returns the address of the primary. */
  async replicationGroup(identifier: string, nodeType: string, nodes: number): Promise<string> {
    const { ReplicationGroup } = await this.cache.send(
      new CreateReplicationGroupCommand({
        ReplicationGroupId: identifier,
        ReplicationGroupDescription: identifier,
        CacheNodeType: nodeType,
        Engine: 'redis',
        NumNodeGroups: 1,
        ReplicasPerNodeGroup: nodes - 1,
        AutomaticFailoverEnabled: true,
      })
    );
    return ReplicationGroup?.NodeGroups?.[0]?.PrimaryEndpoint?.Address ?? '';
  }

  async bucket(name: string, versioned = true): Promise<void> {
    const LocationConstraint = this.region as 'eu-west-1';
    await this.s3.send(
      new CreateBucketCommand({
        Bucket: name,
        ...(this.region === 'us-east-1' ? {} : { CreateBucketConfiguration: { LocationConstraint } }),
      })
    );
    if (versioned) {
      await this.s3.send(
        new PutBucketVersioningCommand({ Bucket: name, VersioningConfiguration: { Status: 'Enabled' } })
      );
    }
  }

  async zone(name: string, vpc?: string): Promise<string> {
    const VPC = vpc === undefined ? {} : { VPC: { VPCId: vpc, VPCRegion: this.region as 'eu-west-1' } };
    const { HostedZone } = await this.dns.send(
      new CreateHostedZoneCommand({
        Name: name,
        CallerReference: `${name}${vpc ?? ''}`,
        HostedZoneConfig: { PrivateZone: vpc !== undefined },
        ...VPC,
      })
    );
    return (HostedZone?.Id ?? '').replace('/hostedzone/', '');
  }

  async alias(zone: string, name: string, target: string, targetZone: string): Promise<void> {
    const AliasTarget = { DNSName: target, HostedZoneId: targetZone, EvaluateTargetHealth: false };
    await this.dns.send(
      new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone,
        ChangeBatch: { Changes: [{ Action: 'CREATE', ResourceRecordSet: { Name: name, Type: 'A', AliasTarget } }] },
      })
    );
  }

  async loadBalancer(name: string): Promise<{ arn: string; dnsName: string; zone: string }> {
    const { LoadBalancers } = await this.balancers.send(
      new CreateLoadBalancerCommand({
        Name: name,
        Subnets: await this.subnets(),
        Scheme: 'internet-facing',
        Type: 'application',
      })
    );
    const {
      LoadBalancerArn: arn = '',
      DNSName: dnsName = '',
      CanonicalHostedZoneId: zone = '',
    } = LoadBalancers?.[0] ?? {};
    return { arn, dnsName, zone };
  }

  async targetGroup(name: string): Promise<string> {
    const { TargetGroups } = await this.balancers.send(
      new CreateTargetGroupCommand({
        Name: name,
        Port: 8103,
        Protocol: 'HTTP',
        TargetType: 'ip',
        VpcId: await this.vpc(),
        HealthCheckPath: '/healthcheck',
      })
    );
    return TargetGroups?.[0]?.TargetGroupArn ?? '';
  }

  async listener(balancer: string, group: string, certificate: string): Promise<void> {
    await this.balancers.send(
      new CreateListenerCommand({
        LoadBalancerArn: balancer,
        Port: 443,
        Protocol: 'HTTPS',
        Certificates: [{ CertificateArn: certificate }],
        DefaultActions: [{ Type: 'forward', TargetGroupArn: group }],
      })
    );
  }

  async service(of: {
    readonly cluster: string;
    readonly name: string;
    readonly group: string;
    readonly image: string;
    readonly container: string;
    readonly cpu: string;
    readonly memory: string;
    readonly count: number;
  }): Promise<void> {
    await this.ecs.send(new CreateClusterCommand({ clusterName: of.cluster }));
    const containerDefinitions = [
      // moto's RunTask adds the memory of containers up.
      {
        name: of.container,
        image: of.image,
        essential: true,
        memory: Number(of.memory),
        portMappings: [{ containerPort: 8103 }],
      },
    ];
    await this.ecs.send(
      new RegisterTaskDefinitionCommand({
        family: of.name,
        cpu: of.cpu,
        memory: of.memory,
        networkMode: 'awsvpc',
        requiresCompatibilities: ['FARGATE'],
        containerDefinitions,
      })
    );
    const networkConfiguration = {
      awsvpcConfiguration: {
        subnets: await this.subnets(),
        securityGroups: (await this.ec2('DescribeSecurityGroups', 'groupId')).slice(0, 1),
      },
    };
    await this.ecs.send(
      new CreateServiceCommand({
        cluster: of.cluster,
        serviceName: of.name,
        taskDefinition: of.name,
        desiredCount: of.count,
        launchType: 'FARGATE',
        networkConfiguration,
        loadBalancers: [{ targetGroupArn: of.group, containerName: of.container, containerPort: 8103 }],
      })
    );
    // moto's services start no tasks.
    await this.ecs.send(
      new RunTaskCommand({
        cluster: of.cluster,
        taskDefinition: of.name,
        launchType: 'FARGATE',
        startedBy: of.name,
        networkConfiguration,
        group: `service:${of.name}`,
      })
    );
  }

  /** @returns its id and domain. */
  async distribution(alias: string, origin: string): Promise<{ id: string; domain: string }> {
    const { Distribution } = await this.cdn.send(
      new CreateDistributionCommand({
        DistributionConfig: {
          CallerReference: alias,
          Comment: '',
          Enabled: true,
          Aliases: { Quantity: 1, Items: [alias] },
          Origins: {
            Quantity: 1,
            Items: [{ Id: 'bucket', DomainName: origin, S3OriginConfig: { OriginAccessIdentity: '' } }],
          },
          DefaultCacheBehavior: { TargetOriginId: 'bucket', ViewerProtocolPolicy: 'redirect-to-https' },
        },
      })
    );
    return { id: Distribution?.Id ?? '', domain: Distribution?.DomainName ?? '' };
  }

  async stack(name: string, template: object): Promise<void> {
    await this.stacks.send(new CreateStackCommand({ StackName: name, TemplateBody: JSON.stringify(template) }));
  }

  async vpc(): Promise<string> {
    return (await this.ec2('DescribeVpcs', 'vpcId'))[0] ?? '';
  }

  /** Two subnets, in two zones, of those that each region has from the start. */
  async subnets(): Promise<string[]> {
    return (await this.ec2('DescribeSubnets', 'subnetId')).slice(0, 2);
  }

  /** @returns its ARN: moto gives certificates names of its own, and a listener of moto takes only those. */
  async certificate(domain: string): Promise<string> {
    const answer = await this.byHand('acm', JSON.stringify({ DomainName: domain }), {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'CertificateManager.RequestCertificate',
    });
    return (JSON.parse(answer) as { CertificateArn: string }).CertificateArn;
  }

  private async ec2(action: string, element: string): Promise<string[]> {
    const body = new URLSearchParams({ Action: action, Version: '2016-11-15' }).toString();
    const answer = await this.byHand('ec2', body, { 'content-type': 'application/x-www-form-urlencoded' });
    return [...answer.matchAll(new RegExp(`<${element}>([^<]+)</${element}>`, 'g'))].map(([, id = '']) => id);
  }

  /** No client of these services is among the dependencies. moto looks at the signature's scope alone. */
  private async byHand(service: string, body: string, headers: Readonly<Record<string, string>>): Promise<string> {
    const scope = `AKIAPRETENDED/20260101/${this.region}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
    const answer = await fetch(this.endpoint, { method: 'POST', headers: { ...headers, authorization }, body });
    return answer.text();
  }
}
