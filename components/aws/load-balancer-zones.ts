import * as pulumi from '@pulumi/pulumi';

/**
 * Hosted zone of the names that application load balancers have in each region, as an alias record wants it.
 * Source: AWS General Reference, "Elastic Load Balancing endpoints and quotas".
 */
const ZONES: Readonly<Record<string, string>> = {
  'ap-northeast-1': 'Z14GRHDCWA56QT',
  'ap-northeast-2': 'ZWKZPGTI48KDX',
  'ap-northeast-3': 'Z5LXEXXYW11ES',
  'ap-south-1': 'ZP97RAFLXTNZK',
  'ap-southeast-1': 'Z1LMS91P8CMLE5',
  'ap-southeast-2': 'Z1GM3OXH4ZPM65',
  'ca-central-1': 'ZQSVJUPU6J1EY',
  'eu-central-1': 'Z215JYRZR1TBD5',
  'eu-north-1': 'Z23TAZ6LKFMNIO',
  'eu-west-1': 'Z32O12XQLNTSW2',
  'eu-west-2': 'ZHURV8PSTC4K8',
  'eu-west-3': 'Z3Q77PNBQS71R4',
  'sa-east-1': 'Z2P70J7HTTTPLU',
  'us-east-1': 'Z35SXDOTRQ7X7K',
  'us-east-2': 'Z3AADJGX6KTTL2',
  'us-west-1': 'Z368ELLRRE2KJ0',
  'us-west-2': 'Z1H1FL5HABSF5',
};

/**
 * @param dnsName of an application load balancer: `name-123.eu-west-1.elb.amazonaws.com`.
 * @throws pulumi.RunError for another name, or a region whose zone is not listed here.
 */
export function loadBalancerZone(dnsName: string): string {
  const region = /\.([a-z0-9-]+)\.elb\.amazonaws\.com\.?$/.exec(dnsName)?.[1];
  const zone = region === undefined ? undefined : ZONES[region];
  if (zone === undefined) {
    throw new pulumi.RunError(
      `${dnsName} is no application load balancer of a known region: a record of traffic.name cannot lead there.`
    );
  }
  return zone;
}
