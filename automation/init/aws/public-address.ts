import type { HostedZone, ResourceRecordSet } from '@aws-sdk/client-route-53';
import { found, missing, type Finding } from '../finding';
import { ask, clientOptions, type Answer } from './ask';

export interface PublicAddress {
  readonly name: Finding<string>;
  readonly hostedZoneId: Finding<string>;
  /** The DNS name that the record leads to, in lower case and without the `dualstack.` before it. */
  readonly target: Finding<string>;
  readonly notes: readonly string[];
}

/** Follows `baseUrl` to its record in the longest public zone that holds it. */
export async function findPublicAddress(region: string, baseUrl: Finding<string>): Promise<PublicAddress> {
  const name: Finding<string> =
    baseUrl.status !== 'missing' && URL.canParse(baseUrl.value)
      ? found(new URL(baseUrl.value).hostname, 'baseUrl → host name')
      : missing(
          baseUrl.status === 'missing' ? baseUrl.reason : 'baseUrl is no URL',
          'The name that clients use.',
          '<api.example.com>'
        );
  if (name.status === 'missing') {
    return { name, hostedZoneId: missing(name.reason, ZONE_FILL, '<Z…>'), target: name, notes: [] };
  }
  const zones = await zonesOf(region, name.value);
  if ('failed' in zones || zones.value.length === 0) {
    const reason = 'failed' in zones ? zones.failed : `Route 53 of this account has no public zone for ${name.value}`;
    return { name, hostedZoneId: missing(reason, ZONE_FILL, '<Z…>'), target: missing(reason, RECORD_FILL), notes: [] };
  }
  const way = 'baseUrl → ListHostedZonesByName';
  let denied: string | null = null;
  for (const zone of zones.value) {
    const record = await recordOf(region, zone, name.value);
    if ('failed' in record) {
      denied = record.failed;
    } else if (record.value !== null) {
      return {
        name,
        hostedZoneId: found(idOf(zone), way),
        ...targetOf(record.value, `${way} → ListResourceRecordSets`),
      };
    }
  }
  const [first] = zones.value;
  return {
    name,
    hostedZoneId:
      first !== undefined && zones.value.length === 1
        ? found(idOf(first), way)
        : missing(`several zones could hold ${name.value}, and none was seen to`, ZONE_FILL, '<Z…>'),
    target: missing(denied ?? `no zone holds a record for ${name.value}`, RECORD_FILL),
    notes: [],
  };
}

const ZONE_FILL =
  'A cutover changes the record in Route 53: move the zone, or delegate this one name to a zone of its own, and give its id.';
const RECORD_FILL = 'The load balancer that answers now: `aws elbv2 describe-load-balancers`.';

/** Public zones that may hold a name, the longest first. */
async function zonesOf(region: string, host: string): Promise<Answer<readonly HostedZone[]>> {
  const { Route53Client, ListHostedZonesByNameCommand } = await import('@aws-sdk/client-route-53');
  const client = new Route53Client(clientOptions(region));
  const labels = host.split('.');
  const suffixes = labels.slice(0, -1).map((_, index) => `${labels.slice(index).join('.')}.`);
  return ask('route53:ListHostedZonesByName', async () => {
    const all: HostedZone[] = [];
    for (const suffix of suffixes) {
      const { HostedZones = [] } = await client.send(new ListHostedZonesByNameCommand({ DNSName: suffix }));
      all.push(...HostedZones.filter((zone) => zone.Name === suffix && zone.Config?.PrivateZone !== true));
    }
    return all;
  });
}

async function recordOf(region: string, zone: HostedZone, host: string): Promise<Answer<ResourceRecordSet | null>> {
  const { Route53Client, ListResourceRecordSetsCommand } = await import('@aws-sdk/client-route-53');
  const client = new Route53Client(clientOptions(region));
  return ask('route53:ListResourceRecordSets', async () => {
    const { ResourceRecordSets = [] } = await client.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: idOf(zone), StartRecordName: host, MaxItems: 20 })
    );
    const records = ResourceRecordSets.filter((each) => each.Name === `${host}.`);
    return records.find((each) => each.Type === 'A' || each.Type === 'CNAME') ?? null;
  });
}

function targetOf(record: ResourceRecordSet, from: string): Pick<PublicAddress, 'target' | 'notes'> {
  const written =
    record.AliasTarget?.DNSName ?? (record.Type === 'CNAME' ? record.ResourceRecords?.[0]?.Value : undefined);
  const notes = [
    ...(record.SetIdentifier === undefined
      ? []
      : [
          'The record is one of a routing policy (weighted, failover or the like): a simple record cannot stand beside it.',
        ]),
    ...(record.TTL !== undefined && record.TTL > 60
      ? [`The record's TTL is ${record.TTL} s: clients stay with a lost site for so long. Lower it to 60 s.`]
      : []),
  ];
  return {
    target:
      written === undefined
        ? missing('the record holds addresses, no load balancer', RECORD_FILL)
        : found(
            written
              .toLowerCase()
              .replace(/\.$/, '')
              .replace(/^dualstack\./, ''),
            from
          ),
    notes,
  };
}

function idOf(zone: HostedZone): string {
  return (zone.Id ?? '').replace(/^\/hostedzone\//, '');
}
