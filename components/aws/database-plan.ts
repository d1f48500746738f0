import type * as pulumi from '@pulumi/pulumi';
import * as ec2 from '@pulumi/aws/ec2';
import type { Restore } from '../config';
import type { SiteState } from '../layers';
import type { AwsConfig } from './config';
import { databaseParametersName, DatabaseParameters, majorOf } from './database-parameters';
import type { DatabaseSafety } from './database-safety';
import type { RestoredSource } from './database-source';
import { tagsOf, type AwsContext } from './standing-arns';

export interface AwsDatabaseArgs {
  readonly config: AwsConfig;
  readonly context: AwsContext;
  readonly network: {
    readonly vpcId: pulumi.Input<string>;
    readonly databaseSecurityGroupId: pulumi.Input<string>;
    readonly databaseSubnetGroupName: pulumi.Input<string>;
  };
  readonly secrets: {
    readonly databaseSecretArn: pulumi.Input<string>;
    /** A Pulumi secret. */
    readonly databasePassword: pulumi.Input<string>;
  };
  readonly keys: { readonly keyArn: pulumi.Input<string> };
  /** Of the site's region. */
  readonly provider: pulumi.ProviderResource;
  readonly state: SiteState;
  readonly restore: Restore | undefined;
}

/** What both engines' databases are made from. */
export interface DatabasePlan {
  readonly config: AwsConfig;
  readonly context: AwsContext;
  readonly identifier: string;
  /** Undefined: nothing is restored, or `restore` was dropped from a recovery stack's config. */
  readonly source: RestoredSource | undefined;
  readonly subnetGroup: pulumi.Input<string>;
  readonly securityGroup: pulumi.Input<string>;
  readonly parameterGroup: pulumi.Input<string>;
  readonly password: pulumi.Input<string>;
  readonly keyArn: pulumi.Input<string>;
  readonly provider: pulumi.ProviderResource;
  readonly parent: pulumi.Resource;
  readonly safety: DatabaseSafety;
  readonly tags: Record<string, string>;
}

export interface MadeDatabase {
  readonly arn: pulumi.Output<string>;
  /** Where it takes connections; known once it takes any. */
  readonly host: pulumi.Output<string>;
  /** As the engine tells it: a restored database keeps the owner it had. */
  readonly username: pulumi.Output<string>;
}

/** There only while the database is fenced. The group of the network keeps its rules, for the way back. */
export function closedGroup(
  name: string,
  { config, context, network, provider }: AwsDatabaseArgs,
  identifier: string,
  parent: pulumi.Resource
): pulumi.Output<string> {
  const group = new ec2.SecurityGroup(
    `${name}-closed`,
    {
      name: `${identifier}-closed`,
      description: 'Fenced: no connection in or out',
      vpcId: network.vpcId,
      tags: tagsOf(config, context),
    },
    { parent, provider }
  );
  return group.id;
}

/** A recovery takes the group that stands, unless the data is of another major version than config's. */
export function parameterGroup(
  name: string,
  { config, context, provider }: AwsDatabaseArgs,
  source: RestoredSource | undefined,
  identifier: string,
  parent: pulumi.Resource
): pulumi.Input<string> {
  const { version } = config.database;
  const child = { parent };
  if (config.role !== 'recovery') {
    return new DatabaseParameters(`${name}-parameters`, { config, context, provider }, child).groupName;
  }
  if (source === undefined || majorOf(source.engineVersion) === majorOf(version)) {
    return databaseParametersName(context.environment, version);
  }
  const own = { version: source.engineVersion, groupName: `${identifier}-${majorOf(source.engineVersion)}` };
  return new DatabaseParameters(`${name}-parameters`, { config, context, provider, ...own }, child).groupName;
}
