import * as pulumi from '@pulumi/pulumi';
import * as rds from '@pulumi/aws/rds';
import { standingNames, type AwsConfig } from './config';
import { tagsOf, type AwsContext } from './standing-arns';

/** Major version of an engine version: `16.6` is 16. */
export function majorOf(version: string): string {
  return version.split('.')[0] ?? version;
}

/** A family is of one major version, so the name carries it: an upgrade makes a second group before the first goes. */
export function databaseParametersName(environment: string, version: string): string {
  return `${standingNames(environment).databaseParameterGroup}-${majorOf(version)}`;
}

/**
 * Parameter group of the database in one region, by a fixed name: a recovery uses the standing one and makes none.
 * The settings are those of Medplum's CDK; the extensions that Medplum needs (btree_gin, pg_trgm) need none.
 *
 * TLS is forced where this program also writes the server's config. An existing server may connect without, and its
 * recovery must not fail on that.
 */
export class DatabaseParameters extends pulumi.ComponentResource {
  readonly groupName: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      readonly provider: pulumi.ProviderResource;
      /** Of another version than config's: a recovery from a snapshot of before an upgrade. */
      readonly groupName?: string;
      readonly version?: string;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:DatabaseParameters', name, {}, options);
    const { config, context, provider } = args;
    const version = args.version ?? config.database.version;
    const settings = {
      name: args.groupName ?? databaseParametersName(context.environment, version),
      description: `Medplum on PostgreSQL ${majorOf(version)}`,
      parameters: [
        // Milliseconds, as Medplum's own limit for a query.
        { name: 'statement_timeout', value: '60000' },
        { name: 'default_transaction_isolation', value: 'REPEATABLE READ' },
        ...(config.source.kind === 'managed' ? [{ name: 'rds.force_ssl', value: '1' }] : []),
      ],
      tags: tagsOf(config, context),
    };
    const child = { parent: this, provider };
    const group =
      config.database.engine === 'aurora'
        ? new rds.ClusterParameterGroup(
            `${name}-group`,
            { ...settings, family: `aurora-postgresql${majorOf(version)}` },
            child
          )
        : new rds.ParameterGroup(`${name}-group`, { ...settings, family: `postgres${majorOf(version)}` }, child);
    this.groupName = group.name;
    this.registerOutputs({ groupName: this.groupName });
  }
}
