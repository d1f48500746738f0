import * as ec2 from '@pulumi/aws/ec2';
import type * as pulumi from '@pulumi/pulumi';
import type { AwsConfig } from './config';

const ANYWHERE = '0.0.0.0/0';

/**
 * The ways out: an internet gateway for public subnets, NAT for private ones, as subscriptions call hooks on the
 * internet. Where no service runs before the day, and on the day itself, one NAT gateway does for all zones.
 */
export function outwardRoutes(
  name: string,
  args: {
    readonly config: AwsConfig;
    readonly vpc: ec2.Vpc;
    readonly publicSubnets: readonly ec2.Subnet[];
    readonly privateSubnets: readonly ec2.Subnet[];
    readonly named: (part: string) => Record<string, string>;
    readonly child: pulumi.CustomResourceOptions;
  }
): { publicIds: pulumi.Output<string>[]; privateTableIds: pulumi.Output<string>[] } {
  const { config, vpc, publicSubnets, privateSubnets, named, child } = args;
  const gateway = new ec2.InternetGateway(`${name}-gateway`, { vpcId: vpc.id, tags: named('gateway') }, child);
  const publicTable = new ec2.RouteTable(`${name}-public-table`, { vpcId: vpc.id, tags: named('public') }, child);
  const publicRoute = new ec2.Route(
    `${name}-public-route`,
    { routeTableId: publicTable.id, destinationCidrBlock: ANYWHERE, gatewayId: gateway.id },
    child
  );
  const associations = publicSubnets.map(
    ({ id }, index) =>
      new ec2.RouteTableAssociation(
        `${name}-public-${index + 1}-table`,
        { subnetId: id, routeTableId: publicTable.id },
        child
      )
  );
  const zonesWithNat = hasNatInEachZone(config) ? publicSubnets : publicSubnets.slice(0, 1);
  const nats = zonesWithNat.map(({ id }, index) => {
    const number = index + 1;
    const address = new ec2.Eip(
      `${name}-nat-${number}-address`,
      { domain: 'vpc', tags: named(`nat-${number}`) },
      child
    );
    return new ec2.NatGateway(
      `${name}-nat-${number}`,
      { subnetId: id, allocationId: address.id, tags: named(`nat-${number}`) },
      { ...child, dependsOn: [publicRoute] }
    );
  });
  const privateTableIds = privateSubnets.map(({ id }, index) => {
    const number = index + 1;
    const table = new ec2.RouteTable(
      `${name}-private-${number}-table`,
      { vpcId: vpc.id, tags: named(`private-${number}`) },
      child
    );
    const nat = nats[index] ?? nats[0];
    if (nat !== undefined) {
      new ec2.Route(
        `${name}-private-${number}-route`,
        { routeTableId: table.id, destinationCidrBlock: ANYWHERE, natGatewayId: nat.id },
        child
      );
    }
    new ec2.RouteTableAssociation(
      `${name}-private-${number}-association`,
      { subnetId: id, routeTableId: table.id },
      child
    );
    return table.id;
  });
  return { publicIds: [publicRoute.id, ...associations.map(({ id }) => id)], privateTableIds };
}

function hasNatInEachZone({ role, strategy }: AwsConfig): boolean {
  return role === 'primary' || (role === 'standby' && strategy === 'hot-standby');
}
