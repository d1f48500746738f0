import type * as rds from '@pulumi/aws/rds';
import type * as pulumi from '@pulumi/pulumi';
import { standingNames, type AwsConfig } from './config';
import { homeDatabaseArn, type AwsContext } from './standing-arns';
import { OperatorError } from '../errors';

/*
 * What stands ahead in the recovery region. Its role changes out of band, by a promotion of the driver: afterwards the
 * state is right as it is, refreshed or not, and no update may call it back.
 */

/** Global Database of the environment: its owner is the primary stack (see `Backups`). */
export function globalClusterIdentifier({ environment }: AwsContext): string {
  return standingNames(environment).prefix;
}

/**
 * Roles of a Global Database's members swap. Read fills these inputs after a swap, and the provider would take the
 * difference for the wish to detach or to promote a cluster.
 */
export const MEMBER_IGNORES = ['globalClusterIdentifier', 'replicationSourceIdentifier'];

/** A secondary follows its primary's version as well. */
export const SECONDARY_IGNORES = [...MEMBER_IGNORES, 'engineVersion'];

/** Aurora secondary: neither name nor owner nor password, which all come with the replication. */
export function secondaryCluster(
  config: AwsConfig,
  context: AwsContext
): Pick<rds.ClusterArgs, 'engineVersion' | 'globalClusterIdentifier'> {
  return {
    engineVersion: config.database.version,
    globalClusterIdentifier: globalClusterIdentifier(context),
  };
}

/** Removing the source from a replica is the provider's way to promote it. */
export const REPLICA_IGNORES = ['replicateSourceDb'];

/**
 * RDS replica of the instance at home, which is named by ARN. Engine, owner, password and size come with the
 * replication.
 */
export function replicaInstance(
  config: AwsConfig,
  context: AwsContext,
  siteKey: pulumi.Input<string>
): Pick<rds.InstanceArgs, 'replicateSourceDb' | 'kmsKeyId' | 'storageEncrypted'> {
  return {
    replicateSourceDb: homeDatabaseArn(config, homeSite(config), context),
    kmsKeyId: siteKey,
    storageEncrypted: true,
  };
}

/** The site that a standby stack stands by for. @throws OperatorError when its config names none. */
export function homeSite(config: AwsConfig): NonNullable<AwsConfig['recoverySite']> {
  if (config.recoverySite === undefined) {
    throw new OperatorError('bad-input', 'The standby stack does not say where the environment is at home.', {
      hint: 'Set medplum-dr:recoverySite of the standby stack to the site of the primary.',
    });
  }
  return config.recoverySite;
}

/** Instances of an Aurora secondary before the day; without one, it is headless: storage alone. */
export function standingInstances({ strategy, database }: AwsConfig): number {
  switch (strategy) {
    case 'backup-restore':
    case 'pilot-light':
      return 0;
    case 'warm-standby':
      return 1;
    case 'hot-standby':
      return database.engine === 'aurora' ? database.instances : 1;
  }
}
