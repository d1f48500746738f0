import * as ecs from '@pulumi/aws/ecs';
import * as secretsmanager from '@pulumi/aws/secretsmanager';
import * as pulumi from '@pulumi/pulumi';
import type { ApplicationLayer, CacheLayer, DatabaseLayer, ObjectStorageLayer, SiteState } from '../layers';
import type { AwsConfig } from './config';
import { LoadBalancer } from './load-balancer';
import type { AwsNetwork } from './network';
import { SERVER_PORT, TLS_PORT } from './ports';
import type { AwsRoles } from './roles';
import { databaseDocument } from './secret-documents';
import type { AwsSecrets } from './secrets';
import { containerDefinitions } from './server-task';
import { ServiceScaling } from './service-scaling';
import { siteName } from './site-name';
import { tagsOf, type AwsContext } from './standing-arns';

export interface AwsApplicationArgs {
  readonly config: AwsConfig;
  readonly context: AwsContext;
  readonly network: AwsNetwork;
  readonly secrets: AwsSecrets;
  readonly roles: AwsRoles;
  readonly logGroup: pulumi.Input<string>;
  /**
   * What the server works with. Undefined in a standby: its database takes no writes, and a server exits on one that
   * does not (seen on Medplum 5.0.10), so the service waits with no task.
   */
  readonly data:
    | { readonly database: DatabaseLayer; readonly cache: CacheLayer; readonly objectStorage: ObjectStorageLayer }
    | undefined;
  readonly state: SiteState;
  readonly provider: pulumi.ProviderResource;
}

/** Grace for the first start, which seeds the database (up to a minute, seen on Medplum 5.0.10). */
const LEAST_GRACE = 120;

/**
 * The Medplum server on Fargate behind the site's load balancer. `baseUrl` and issuer are config's and the same in both
 * regions, so tokens stay valid; in a recovery, data migrations wait until the site is kept.
 *
 * Load balancer, cluster and task definition wait for no database: only the service does, by the secret that tells it.
 */
export class Application extends pulumi.ComponentResource implements ApplicationLayer {
  readonly endpoint: pulumi.Output<{ address: string; port: number }>;

  constructor(name: string, args: AwsApplicationArgs, options: pulumi.ComponentResourceOptions) {
    super('medplum-dr:aws:Application', name, {}, options);
    const { config, context, network, roles, data, state, provider } = args;
    const { application } = config;
    const child = { parent: this, provider };
    const tags = tagsOf(config, context);
    const balancer = new LoadBalancer(
      `${name}-load-balancer`,
      { config, context, network, provider },
      { parent: this }
    );
    const cluster = new ecs.Cluster(
      `${name}-cluster`,
      {
        name: siteName(config, context, 100),
        settings: [{ name: 'containerInsights', value: 'enabled' }],
        tags,
      },
      child
    );
    const capacity = new ecs.ClusterCapacityProviders(
      `${name}-capacity`,
      { clusterName: cluster.name, capacityProviders: ['FARGATE'] },
      child
    );
    const task = new ecs.TaskDefinition(
      `${name}-task`,
      {
        family: siteName(config, context, 100),
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu: String(application.cpu),
        memory: String(application.memory),
        executionRoleArn: roles.execution,
        taskRoleArn: roles.task,
        containerDefinitions: pulumi.output(args.logGroup).apply((group) => containerDefinitions(config, group)),
        tags,
      },
      child
    );
    const runs = data !== undefined && state === 'serving';
    const access = data === undefined ? undefined : databaseAccess(name, args, data.database, this);
    const service = new ecs.Service(
      `${name}-service`,
      {
        name: siteName(config, context, 100),
        cluster: cluster.arn,
        taskDefinition: task.arn,
        desiredCount: runs ? application.count.min : 0,
        capacityProviderStrategies: [{ capacityProvider: 'FARGATE', weight: 1 }],
        networkConfiguration: {
          subnets: network.privateSubnetIds,
          securityGroups: [network.serviceSecurityGroupId],
          assignPublicIp: false,
        },
        loadBalancers: [
          { targetGroupArn: balancer.targetGroupArn, containerName: 'server', containerPort: SERVER_PORT },
        ],
        healthCheckGracePeriodSeconds: Math.max(LEAST_GRACE, Math.round(application.startTimeout)),
        deploymentMinimumHealthyPercent: 100,
        deploymentMaximumPercent: 200,
        // Rolled back to what, on the day? A failed start is told, and stays.
        deploymentCircuitBreaker: { enable: true, rollback: false },
        availabilityZoneRebalancing: 'ENABLED',
        enableExecuteCommand: false,
        propagateTags: 'SERVICE',
        // The driver waits, and shows what it waits for.
        waitForSteadyState: false,
        // A server reads its secrets once, at its start.
        ...(access === undefined ? {} : { forceNewDeployment: true, triggers: { databaseAccess: access.versionId } }),
        tags,
      },
      {
        ...child,
        dependsOn: [capacity, ...(data === undefined ? [] : [data.cache, data.objectStorage])],
        // On the day the driver starts a standby's; this stack would stop it again. Elsewhere the count is sent when it is
        // changed here: ignoring it would keep a site that was fenced from ever starting.
        ...(data === undefined ? { ignoreChanges: ['desiredCount'] } : {}),
      }
    );
    if (runs) {
      const resourceId = pulumi.interpolate`service/${cluster.name}/${service.name}`;
      new ServiceScaling(`${name}-scaling`, { config, context, resourceId, provider }, { parent: this });
    }
    this.endpoint = pulumi.all([balancer.dnsName, service.id]).apply(([address]) => ({ address, port: TLS_PORT }));
    this.registerOutputs({ endpoint: this.endpoint });
  }
}

/** Tells the server of the site's database; in a recovery it is written into the secret that stands. */
export function databaseAccess(
  name: string,
  args: {
    readonly config: AwsConfig;
    readonly secrets: AwsSecrets;
    readonly provider: pulumi.ProviderResource;
  },
  database: DatabaseLayer,
  parent: pulumi.Resource
): secretsmanager.SecretVersion {
  const { config, secrets, provider } = args;
  const secretString = pulumi
    .all([database.host, database.port, database.databaseName, database.username, secrets.databasePassword])
    .apply(([host, port, databaseName, username, password]) =>
      databaseDocument(config, { host, port, databaseName, username, password })
    );
  return new secretsmanager.SecretVersion(
    `${name}-database-access`,
    { secretId: secrets.databaseSecretArn, secretString: pulumi.secret(secretString) },
    { parent, provider }
  );
}
