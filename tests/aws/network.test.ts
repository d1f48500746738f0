import { expect } from 'chai';
import fc from 'fast-check';
import { subnetsOf } from '../../components/aws/subnet-plan';
import type { Recording } from '../support/pulumi-mocks';
import { exampleConfig, ofType, recordStack, recoveryOf, theOne } from './support/example-stacks';

function range(cidr: string): [first: number, last: number] {
  const [address = '', prefix] = cidr.split('/');
  const first = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return [first, first + 2 ** (32 - Number(prefix)) - 1];
}

describe('plan of subnets', () => {
  it('cuts a network into sixteen parts, private ones first', () => {
    expect(subnetsOf('10.20.0.0/16', 0)).to.deep.equal({ private: '10.20.0.0/20', public: '10.20.128.0/20' });
    expect(subnetsOf('10.20.0.0/16', 2)).to.deep.equal({ private: '10.20.32.0/20', public: '10.20.160.0/20' });
  });

  it('gives subnets that lie in the network and never overlap', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    const networks = fc.tuple(octet, octet, octet, fc.integer({ min: 16, max: 24 }));
    fc.assert(
      fc.property(networks, ([a, b, c, prefix]) => {
        const cidr = `${a}.${b}.${c}.0/${prefix}`;
        const size = 2 ** (32 - prefix);
        const start = Math.floor(range(cidr)[0] / size) * size;
        const ranges = [0, 1, 2].flatMap((zone) => Object.values(subnetsOf(cidr, zone)).map(range));
        const sorted = ranges.sort(([first], [other]) => first - other);
        return sorted.every(
          ([first, last], index) =>
            first >= start && last < start + size && (index === 0 || first > (sorted[index - 1]?.[1] ?? 0))
        );
      })
    );
  });
});

describe('network on AWS', () => {
  const record = (stack: string): Promise<Recording> => recordStack(exampleConfig(stack), stack);

  it('lets the service alone reach database and cache, which reach nobody', async () => {
    const recording = await record('aws-backup-restore');
    const rules = ofType(recording, 'vpc/securityGroupIngressRule:SecurityGroupIngressRule').map(({ inputs }) => [
      inputs['referencedSecurityGroupId'] ?? inputs['cidrIpv4'],
      inputs['securityGroupId'],
      inputs['fromPort'],
    ]);
    const group = (part: string): string => `medplum-network-security-${part}-id`;
    expect(rules).to.have.deep.members([
      ['0.0.0.0/0', group('load-balancer'), 443],
      [group('load-balancer'), group('service'), 8103],
      [group('service'), group('database'), 5432],
      [group('service'), group('cache'), 6379],
      [group('service'), group('endpoints'), 443],
    ]);
    const outward = ofType(recording, 'vpc/securityGroupEgressRule:SecurityGroupEgressRule');
    expect(outward.map(({ inputs }) => inputs['securityGroupId'])).to.have.members([
      group('load-balancer'),
      group('service'),
    ]);
  });

  it('has a subnet of each kind in each zone of config, and a NAT gateway in each zone at home', async () => {
    const recording = await record('aws-backup-restore');
    const zones = ofType(recording, 'ec2/subnet:Subnet').map(({ inputs }) => inputs['availabilityZone']);
    expect(zones.sort()).to.deep.equal(['a', 'a', 'b', 'b', 'c', 'c'].map((zone) => `eu-central-1${zone}`));
    expect(ofType(recording, 'ec2/natGateway:NatGateway')).to.have.length(3);
    expect(ofType(recording, 'ec2/vpcEndpoint:VpcEndpoint')).to.have.length(8);
  });

  it('makes do with one NAT gateway and no endpoint with a DNS name on the day', async () => {
    const recording = await recordStack(recoveryOf('aws-backup-restore'), 'aws-backup-restore-r-1');
    expect(ofType(recording, 'ec2/natGateway:NatGateway')).to.have.length(1);
    expect(theOne(recording, 'ec2/vpcEndpoint:VpcEndpoint').inputs['serviceName']).to.equal(
      'com.amazonaws.eu-west-1.s3'
    );
  });

  it('stands ahead in every strategy but backup-restore', async () => {
    expect(ofType(await record('aws-backup-restore-standby'), 'ec2/vpc:Vpc')).to.have.length(0);
    expect(ofType(await record('aws-pilot-light-standby'), 'ec2/vpc:Vpc')).to.have.length(1);
    const promoted = await recordStack(recoveryOf('aws-pilot-light'), 'aws-pilot-light-r-1');
    expect(ofType(promoted, 'ec2/vpc:Vpc')).to.have.length(0);
  });
});
