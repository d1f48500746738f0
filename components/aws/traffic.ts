import * as route53 from '@pulumi/aws/route53';
import * as pulumi from '@pulumi/pulumi';
import type { TrafficArgs, TrafficLayer } from '../layers';
import type { AwsConfig } from './config';
import { FailoverSignal } from './failover-signal';
import { loadBalancerZone } from './load-balancer-zones';
import { TLS_PORT } from './ports';
import type { AwsContext } from './standing-arns';

type AwsTrafficArgs = TrafficArgs & {
  readonly config: AwsConfig;
  readonly context: AwsContext;
  /** Of the front's region. */
  readonly provider: pulumi.ProviderResource;
};

/**
 * The environment's public name in Route 53. Aliases of load balancers are answered with a TTL of 60 s.
 *
 * - `record`: one record; a cutover changes it, through Route 53's control plane in us-east-1. The provider can put it
 *   only unconditionally: that nobody else has changed it meanwhile (`activeEndpoint.replaces`) is the driver's to check.
 * - `failover`: two records that never change, and a signal between them. A cutover made by it is seen by no update, and
 *   none flips it back. Neither record looks at the health of its targets: that would lead traffic to a database which
 *   nobody promoted.
 *
 * An existing environment's record is taken over only when config says so: what made it still owns it.
 */
export class Traffic extends pulumi.ComponentResource implements TrafficLayer {
  readonly endpoint: pulumi.Output<{ name: string; address: string; port: number; site: string }>;

  constructor(name: string, args: AwsTrafficArgs, options: pulumi.ComponentResourceOptions) {
    super('medplum-dr:aws:Traffic', name, {}, options);
    const { active, config } = args;
    const home = pulumi.output(args.siteEndpoint).apply((endpoint) => endpoint?.address ?? null);
    const serving = active === undefined ? home.apply(known) : pulumi.output(active.address);
    const { source, traffic } = config;
    const records =
      source.kind === 'existing' && !source.takeOverRecord ? [] : makeRecords(name, args, home, serving, this);
    this.endpoint = pulumi.all([serving, pulumi.all(records)]).apply(([address]) => ({
      name: traffic.name,
      address,
      port: TLS_PORT,
      site: active?.site ?? args.site,
    }));
    this.registerOutputs({ endpoint: this.endpoint });
  }
}

function makeRecords(
  name: string,
  args: AwsTrafficArgs,
  home: pulumi.Output<string | null>,
  serving: pulumi.Output<string>,
  parent: pulumi.Resource
): pulumi.Output<string>[] {
  const { config, context, provider } = args;
  const { hostedZoneId, mode, name: recordName, standbyAddress } = config.traffic;
  const record = (
    part: string,
    address: pulumi.Input<string>,
    inputs: Omit<route53.RecordArgs, 'zoneId' | 'name' | 'type'> = {}
  ): pulumi.Output<string> =>
    new route53.Record(
      `${name}-${part}`,
      {
        zoneId: hostedZoneId,
        name: recordName,
        type: 'A',
        aliases: [
          { name: address, zoneId: pulumi.output(address).apply(loadBalancerZone), evaluateTargetHealth: false },
        ],
        // A new environment must not take a name that is somebody's; an existing one has the record already.
        allowOverwrite: config.source.kind === 'existing',
        ...inputs,
      },
      { parent, provider, protect: true }
    ).id;
  switch (mode) {
    case 'record':
      return [record('record', serving)];
    case 'failover': {
      const signal = new FailoverSignal(`${name}-signal`, { config, context, provider }, { parent });
      return [
        record('primary', home.apply(known), {
          setIdentifier: config.site.name,
          failoverRoutingPolicies: [{ type: 'PRIMARY' }],
          healthCheckId: signal.healthCheckId,
        }),
        record('secondary', standbyAddress ?? '', {
          setIdentifier: config.recoverySite?.name ?? 'recovery',
          failoverRoutingPolicies: [{ type: 'SECONDARY' }],
        }),
      ];
    }
  }
}

function known(address: string | null): string {
  if (address === null) {
    throw new pulumi.RunError(
      'The site of this stack is removed, and medplum-dr:activeEndpoint does not say who serves.'
    );
  }
  return address;
}
