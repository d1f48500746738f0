import * as cloudwatch from '@pulumi/aws/cloudwatch';
import * as pulumi from '@pulumi/pulumi';
import { standingNames, type AwsConfig } from './config';
import { Images } from './images';
import { Keys, standingKeys, type AwsKeys } from './keys';
import { Roles, standingRoles, type AwsRoles } from './roles';
import { tagsOf, type AwsContext } from './standing-arns';

/** What everything else at a site needs, and what stands in the recovery region in every strategy. */
export interface SiteBase {
  readonly keys: AwsKeys;
  readonly roles: AwsRoles;
  readonly logGroup: pulumi.Output<string>;
}

const KEEP_LOGS_DAYS = 365;

/** Key, roles, image repository and log group of a site, in the order of who needs whom. */
export class StandingBase extends pulumi.ComponentResource implements SiteBase {
  readonly keys: AwsKeys;
  readonly roles: AwsRoles;
  readonly logGroup: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly config: AwsConfig; readonly context: AwsContext; readonly provider: pulumi.ProviderResource },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:StandingBase', name, {}, options);
    const { config, context, provider } = args;
    const child = { parent: this };
    const keys = new Keys(`${name}-keys`, args, child);
    this.keys = keys;
    this.roles = new Roles(`${name}-roles`, args, child);
    // An existing environment at home has images and logs of its own.
    if (config.role === 'standby' || config.source.kind === 'managed') {
      new Images(`${name}-images`, { ...args, keys }, child);
      const group = new cloudwatch.LogGroup(
        `${name}-log`,
        {
          name: standingNames(context.environment).logGroup,
          kmsKeyId: keys.keyArn,
          retentionInDays: KEEP_LOGS_DAYS,
          tags: tagsOf(config, context),
        },
        { parent: this, provider, protect: true }
      );
      this.logGroup = group.name;
    } else {
      this.logGroup = pulumi.output(standingNames(context.environment).logGroup);
    }
    this.registerOutputs({ logGroup: this.logGroup });
  }
}

/** The same in a recovery: it stands, so it is named and nothing is made. */
export function standingBase(config: AwsConfig, context: AwsContext): SiteBase {
  return {
    keys: standingKeys(config),
    roles: standingRoles(config, context),
    logGroup: pulumi.output(standingNames(context.environment).logGroup),
  };
}
