import { found, missing, type Finding } from '../finding';
import { ask, clientOptions } from './ask';

export interface LoadBalancerFinding {
  readonly dnsName: Finding<string>;
  readonly hostedZoneId: Finding<string>;
  readonly availabilityZones: Finding<readonly string[]>;
  readonly certificateArn: Finding<string>;
  readonly targetGroupArns: Finding<readonly string[]>;
}

/** Finds the load balancer that the record leads to, its zones, its certificate and its target groups. */
export async function findLoadBalancer(region: string, target: Finding<string>): Promise<LoadBalancerFinding> {
  if (target.status === 'missing') {
    return nothing(target.reason);
  }
  const way = 'record → DescribeLoadBalancers';
  const {
    ElasticLoadBalancingV2Client,
    paginateDescribeLoadBalancers,
    paginateDescribeListeners,
    paginateDescribeTargetGroups,
  } = await import('@aws-sdk/client-elastic-load-balancing-v2');
  const client = new ElasticLoadBalancingV2Client(clientOptions(region));
  const answer = await ask('elasticloadbalancing:DescribeLoadBalancers', async () => {
    for await (const page of paginateDescribeLoadBalancers({ client }, {})) {
      const balancer = page.LoadBalancers?.find((each) => each.DNSName?.toLowerCase() === target.value);
      if (balancer !== undefined) return balancer;
    }
    return null;
  });
  if ('failed' in answer) {
    return nothing(answer.failed);
  }
  if (answer.value === null) {
    return nothing(`the record leads to ${target.value}, which is no load balancer of this account in ${region}`);
  }
  const { LoadBalancerArn: arn, DNSName, CanonicalHostedZoneId, AvailabilityZones = [] } = answer.value;
  const listeners = await ask('elasticloadbalancing:DescribeListeners', async () => {
    const all = [];
    for await (const page of paginateDescribeListeners({ client }, { LoadBalancerArn: arn })) {
      all.push(...(page.Listeners ?? []));
    }
    return all;
  });
  const groups = await ask('elasticloadbalancing:DescribeTargetGroups', async () => {
    const all = [];
    for await (const page of paginateDescribeTargetGroups({ client }, { LoadBalancerArn: arn })) {
      all.push(...(page.TargetGroups ?? []));
    }
    return all;
  });
  const zones = AvailabilityZones.flatMap((zone) => (zone.ZoneName === undefined ? [] : [zone.ZoneName])).sort();
  const certificate =
    'failed' in listeners
      ? undefined
      : listeners.value.flatMap((listener) => listener.Certificates ?? []).map((each) => each.CertificateArn)[0];
  return {
    dnsName: DNSName === undefined ? missing('it has no DNS name yet', DNS_FILL) : found(DNSName, way),
    hostedZoneId:
      CanonicalHostedZoneId === undefined ? missing('it names no zone', DNS_FILL) : found(CanonicalHostedZoneId, way),
    availabilityZones:
      zones.length < 2
        ? missing(`the load balancer stands in ${zones.length} zone`, ZONES_FILL, ZONES)
        : found(zones.slice(0, 3), way),
    certificateArn:
      certificate === undefined
        ? missing(
            'failed' in listeners ? listeners.failed : 'no listener of the load balancer has a certificate',
            CERTIFICATE_FILL,
            '<arn:aws:acm:…>'
          )
        : found(certificate, `${way} → DescribeListeners`),
    targetGroupArns:
      'failed' in groups
        ? missing(groups.failed, 'Look them up by hand.')
        : found(
            groups.value.flatMap((group) => group.TargetGroupArn ?? []),
            `${way} → DescribeTargetGroups`
          ),
  };
}

const DNS_FILL = 'DNSName and CanonicalHostedZoneId of `aws elbv2 describe-load-balancers`.';
const ZONES_FILL = 'Two or three zones: `aws ec2 describe-availability-zones`.';
const ZONES = ['<zone>', '<another zone>'];
const CERTIFICATE_FILL = "The certificate of the API's name in this region: `aws acm list-certificates`.";

function nothing(reason: string): LoadBalancerFinding {
  return {
    dnsName: missing(reason, DNS_FILL, '<name.region.elb.amazonaws.com>'),
    hostedZoneId: missing(reason, DNS_FILL, '<Z…>'),
    availabilityZones: missing(reason, ZONES_FILL, ZONES),
    certificateArn: missing(reason, CERTIFICATE_FILL, '<arn:aws:acm:…>'),
    targetGroupArns: missing(reason, 'Look them up by hand.'),
  };
}
