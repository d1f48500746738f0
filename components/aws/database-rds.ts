import * as rds from '@pulumi/aws/rds';
import type { DatabasePlan, MadeDatabase } from './database-plan';
import { REPLICA_IGNORES, replicaInstance } from './database-replica';
import { RESTORED_INSTANCE_IGNORES, restoredInstance } from './database-restore';
import { DATABASE_NAME, DATABASE_USERNAME } from './database-source';

/** One RDS instance, with a standby in a second zone where config and strategy ask for it. */
export function rdsDatabase(name: string, plan: DatabasePlan): MadeDatabase {
  const { config, identifier, provider, parent, safety, tags } = plan;
  const { inputs, ignoreChanges } = ofRole(plan);
  const instance = new rds.Instance(
    `${name}-instance`,
    {
      identifier,
      instanceClass: config.database.instanceClass,
      multiAz: isMultiAz(plan),
      dbSubnetGroupName: plan.subnetGroup,
      vpcSecurityGroupIds: [plan.securityGroup],
      parameterGroupName: plan.parameterGroup,
      publiclyAccessible: false,
      autoMinorVersionUpgrade: false,
      performanceInsightsEnabled: true,
      performanceInsightsKmsKeyId: plan.keyArn,
      enabledCloudwatchLogsExports: ['postgresql', 'upgrade'],
      tags,
      ...safety.inputs,
      ...inputs,
    },
    { parent, provider, ignoreChanges, ...safety.options }
  );
  return { arn: instance.arn, username: instance.username, host: instance.address };
}

function ofRole(plan: DatabasePlan): { inputs: Partial<rds.InstanceArgs>; ignoreChanges: string[] } {
  const { config, context, source, password, keyArn } = plan;
  const { version: engineVersion } = config.database;
  switch (config.role) {
    case 'primary':
      return {
        inputs: {
          engine: 'postgres',
          engineVersion,
          dbName: DATABASE_NAME,
          username: DATABASE_USERNAME,
          password,
          storageType: 'gp3',
          allocatedStorage: config.database.engine === 'rds' ? config.database.storageGigabytes : 100,
          storageEncrypted: true,
          kmsKeyId: keyArn,
        },
        ignoreChanges: REPLICA_IGNORES,
      };
    case 'standby':
      return { inputs: replicaInstance(config, context, keyArn), ignoreChanges: REPLICA_IGNORES };
    case 'recovery':
      return {
        inputs: { ...restoredInstance(source, engineVersion, keyArn), password },
        ignoreChanges: [...RESTORED_INSTANCE_IGNORES, ...REPLICA_IGNORES],
      };
  }
}

/** A replica that waits pays for a second zone only where it must be as able as home at once. */
function isMultiAz({ config: { role, strategy, database } }: DatabasePlan): boolean {
  const configured = database.engine === 'rds' && database.multiAz;
  return configured && (role !== 'standby' || strategy === 'hot-standby');
}
