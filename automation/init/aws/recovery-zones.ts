import { found, missing, type Finding } from '../finding';
import { ask, clientOptions } from './ask';
import type { DatabaseFacts } from './database-facts';

/** Zones of the recovery region in which the database's class and version can be had. */
export async function findRecoveryZones(
  region: string,
  database: Finding<DatabaseFacts>
): Promise<Finding<readonly string[]>> {
  const nothing = (reason: string): Finding<readonly string[]> =>
    missing(reason, `Two or three zones: \`aws ec2 describe-availability-zones --region ${region}\`.`, [
      `<${region}a>`,
      `<${region}b>`,
    ]);
  if (database.status === 'missing' || database.value.instanceClass.status === 'missing') {
    return nothing('the class of the database is not known');
  }
  const { engine, version } = database.value;
  const instanceClass = database.value.instanceClass.value;
  const { RDSClient, paginateDescribeOrderableDBInstanceOptions } = await import('@aws-sdk/client-rds');
  const client = new RDSClient(clientOptions(region));
  const query = {
    Engine: engine === 'aurora' ? 'aurora-postgresql' : 'postgres',
    EngineVersion: version,
    DBInstanceClass: instanceClass,
  };
  const answer = await ask(`rds:DescribeOrderableDBInstanceOptions in ${region}`, async () => {
    const zones = new Set<string>();
    for await (const page of paginateDescribeOrderableDBInstanceOptions({ client }, query)) {
      const options = (page.OrderableDBInstanceOptions ?? []).filter((each) => each.DBInstanceClass === instanceClass);
      for (const zone of options.flatMap((each) => each.AvailabilityZones ?? [])) zones.add(zone.Name ?? '');
    }
    return [...zones].filter((zone) => zone.startsWith(region)).sort();
  });
  if ('failed' in answer) {
    return nothing(answer.failed);
  }
  return answer.value.length < 2
    ? nothing(
        `${region} offers ${instanceClass} with version ${version} in ${answer.value.length} zones: choose another class for the database, or another region`
      )
    : found(answer.value.slice(0, 3), `DescribeOrderableDBInstanceOptions in ${region}: they offer ${instanceClass}`);
}
