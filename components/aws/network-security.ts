import * as ec2 from '@pulumi/aws/ec2';
import * as vpc from '@pulumi/aws/vpc';
import * as pulumi from '@pulumi/pulumi';
import { CACHE_PORT, DATABASE_PORT, SERVER_PORT, TLS_PORT } from './ports';

/**
 * Who may talk to whom: the internet to the load balancer, over TLS; that to the service; the service alone to database
 * and cache, neither of which can call anybody.
 */
export class NetworkSecurity extends pulumi.ComponentResource {
  readonly loadBalancer: pulumi.Output<string>;
  readonly service: pulumi.Output<string>;
  readonly database: pulumi.Output<string>;
  readonly cache: pulumi.Output<string>;
  readonly endpoints: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      readonly vpcId: pulumi.Input<string>;
      readonly named: (part: string) => Record<string, string>;
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:NetworkSecurity', name, {}, options);
    const { vpcId, named, provider } = args;
    const child = { parent: this, provider };
    const group = (part: string, description: string): ec2.SecurityGroup =>
      new ec2.SecurityGroup(`${name}-${part}`, { vpcId, description, tags: named(part) }, child);
    const loadBalancer = group('load-balancer', 'Load balancer: TLS from anywhere');
    const service = group('service', 'Medplum server: from the load balancer');
    const database = group('database', 'PostgreSQL: from the Medplum server');
    const cache = group('cache', 'Redis: from the Medplum server');
    const endpoints = group('endpoints', 'AWS endpoints: from the Medplum server');

    new vpc.SecurityGroupIngressRule(
      `${name}-internet-to-load-balancer`,
      { securityGroupId: loadBalancer.id, cidrIpv4: '0.0.0.0/0', ...tcp(TLS_PORT) },
      child
    );
    const allow = (part: string, from: ec2.SecurityGroup, to: ec2.SecurityGroup, port: number): void => {
      new vpc.SecurityGroupIngressRule(
        `${name}-${part}`,
        { securityGroupId: to.id, referencedSecurityGroupId: from.id, ...tcp(port) },
        child
      );
    };
    allow('load-balancer-to-service', loadBalancer, service, SERVER_PORT);
    allow('service-to-database', service, database, DATABASE_PORT);
    allow('service-to-cache', service, cache, CACHE_PORT);
    allow('service-to-endpoints', service, endpoints, TLS_PORT);
    new vpc.SecurityGroupEgressRule(
      `${name}-from-load-balancer`,
      { securityGroupId: loadBalancer.id, referencedSecurityGroupId: service.id, ...tcp(SERVER_PORT) },
      child
    );
    // Subscriptions deliver to whatever address a user gives them.
    new vpc.SecurityGroupEgressRule(
      `${name}-from-service`,
      { securityGroupId: service.id, cidrIpv4: '0.0.0.0/0', ipProtocol: '-1' },
      child
    );
    this.loadBalancer = loadBalancer.id;
    this.service = service.id;
    this.database = database.id;
    this.cache = cache.id;
    this.endpoints = endpoints.id;
    this.registerOutputs({});
  }
}

function tcp(port: number): { ipProtocol: string; fromPort: number; toPort: number } {
  return { ipProtocol: 'tcp', fromPort: port, toPort: port };
}
