import * as lb from '@pulumi/aws/lb';
import * as pulumi from '@pulumi/pulumi';
import { after } from './after';
import type { AwsConfig } from './config';
import { WebFirewall } from './web-firewall';
import type { AwsNetwork } from './network';
import { SERVER_PORT, TLS_PORT } from './ports';
import { siteName } from './site-name';
import { tagsOf, type AwsContext } from './standing-arns';

/** Longest name of a load balancer. */
const LONGEST_NAME = 32;

/**
 * The site's load balancer. Its certificate is the site's own and hangs on this listener also where it only waits: one
 * that nothing uses is not renewed.
 *
 * A target counts after two good checks 5 s apart: what the way back to service lasts at least. Making a load balancer
 * takes a DNS name, and so us-east-1; every strategy but backup-restore has it standing.
 */
export class LoadBalancer extends pulumi.ComponentResource {
  readonly dnsName: pulumi.Output<string>;
  /** Known once the listener forwards to it: ECS refuses a service before that. */
  readonly targetGroupArn: pulumi.Output<string>;
  readonly arnSuffix: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      readonly network: AwsNetwork;
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:LoadBalancer', name, {}, options);
    const { config, context, network, provider } = args;
    const child = { parent: this, provider };
    const tags = tagsOf(config, context);
    const isKept = config.quarantine === undefined;
    const balancer = new lb.LoadBalancer(
      `${name}-balancer`,
      {
        name: siteName(config, context, LONGEST_NAME),
        loadBalancerType: 'application',
        internal: false,
        subnets: network.publicSubnetIds,
        securityGroups: [network.loadBalancerSecurityGroupId],
        dropInvalidHeaderFields: true,
        enableDeletionProtection: isKept,
        tags,
      },
      // A new one has a new name in DNS, which traffic would have to be moved to.
      { ...child, protect: isKept }
    );
    const target = new lb.TargetGroup(
      `${name}-target`,
      {
        vpcId: network.vpcId,
        // Within the VPC, behind the load balancer's TLS: Medplum's server speaks plain HTTP.
        protocol: 'HTTP',
        port: SERVER_PORT,
        targetType: 'ip',
        deregistrationDelay: 20,
        slowStart: 0,
        healthCheck: {
          path: '/healthcheck',
          matcher: '200',
          interval: 5,
          timeout: 4,
          healthyThreshold: 2,
          unhealthyThreshold: 5,
        },
        tags,
      },
      child
    );
    const listener = new lb.Listener(
      `${name}-https`,
      {
        loadBalancerArn: balancer.arn,
        port: TLS_PORT,
        protocol: 'HTTPS',
        sslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
        certificateArn: config.site.certificateArn,
        defaultActions: [{ type: 'forward', targetGroupArn: target.arn }],
        tags,
      },
      child
    );
    if (config.application.webAcl) {
      new WebFirewall(
        `${name}-firewall`,
        { config, context, loadBalancerArn: balancer.arn, provider },
        { parent: this }
      );
    }
    this.dnsName = balancer.dnsName;
    this.arnSuffix = balancer.arnSuffix;
    this.targetGroupArn = after(target.arn, [listener.id]);
    this.registerOutputs({ dnsName: this.dnsName });
  }
}
