import * as secretsmanager from '@pulumi/aws/secretsmanager';
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import type { Restore } from '../config';
import type { SecretsLayer } from '../layers';
import { DATABASE_PASSWORD } from '../secret-names';
import type { AwsConfig } from './config';
import type { AwsKeys } from './keys';
import { Parameters } from './parameters';
import type { AwsRoles } from './roles';
import { secretName, standingSecretArn } from './secret-store-names';
import { tagsOf, type AwsContext } from './standing-arns';

/** Where the site's secrets lie, and those of them that other layers set. */
export interface AwsSecrets extends SecretsLayer {
  readonly databaseSecretArn: pulumi.Output<string>;
  readonly redisSecretArn: pulumi.Output<string>;
  /** A Pulumi secret. */
  readonly databasePassword: pulumi.Output<string>;
  /** A Pulumi secret. */
  readonly redisAuthToken: pulumi.Output<string>;
}

export interface AwsSecretsArgs {
  readonly config: AwsConfig;
  readonly context: AwsContext;
  readonly keys: AwsKeys;
  readonly roles: AwsRoles;
  /** Of the site's region. */
  readonly provider: pulumi.ProviderResource;
  /** Values from the operator, by name. */
  readonly values: pulumi.Input<Record<string, string>>;
  readonly restore: Restore | undefined;
}

/**
 * The site's secrets, as Medplum's `aws:` config source finds them: two in Secrets Manager, the rest below
 * `site.configPath`. Each region has its own under its own names; the standby's wait for their contents:
 *
 * | stack | secrets and parameters | contents of the secrets |
 * |---|---|---|
 * | primary | made; the database's is replicated to the recovery region, for its password | written |
 * | standby | made | the cache's, where a cache stands |
 * | recovery | the standing ones | written: the recovered database's, and a new cache's |
 *
 * A password is made once and then kept: a promoted replica has home's, which the driver puts into config.
 */
export class Secrets extends pulumi.ComponentResource implements AwsSecrets {
  readonly location: pulumi.Output<string>;
  readonly databaseSecretArn: pulumi.Output<string>;
  readonly redisSecretArn: pulumi.Output<string>;
  readonly databasePassword: pulumi.Output<string>;
  readonly redisAuthToken: pulumi.Output<string>;

  constructor(name: string, args: AwsSecretsArgs, options: pulumi.ComponentResourceOptions) {
    super('medplum-dr:aws:Secrets', name, {}, options);
    const { config, context } = args;
    const passwordIsGiven = DATABASE_PASSWORD in config.secrets || args.restore?.source['kind'] === 'replica';
    this.databasePassword = passwordIsGiven
      ? pulumi.secret(pulumi.output(args.values).apply(givenPassword))
      : password(`${name}-database-password`, this);
    this.redisAuthToken = password(`${name}-redis-token`, this);
    if (config.role === 'recovery') {
      this.databaseSecretArn = pulumi.output(standingSecretArn(config, context, 'database'));
      this.redisSecretArn = pulumi.output(standingSecretArn(config, context, 'redis'));
    } else {
      this.databaseSecretArn = makeSecret(name, 'database', args, this);
      this.redisSecretArn = makeSecret(name, 'redis', args, this);
      new Parameters(
        `${name}-parameters`,
        { ...args, databaseSecretArn: this.databaseSecretArn, redisSecretArn: this.redisSecretArn },
        { parent: this }
      );
    }
    this.location = pulumi.output(config.site.configPath);
    this.registerOutputs({ location: this.location });
  }
}

function makeSecret(
  name: string,
  kind: 'database' | 'redis',
  { config, context, keys, provider }: AwsSecretsArgs,
  parent: pulumi.Resource
): pulumi.Output<string> {
  const { recoverySite, role } = config;
  const isReplicated = role === 'primary' && kind === 'database' && recoverySite !== undefined;
  const secret = new secretsmanager.Secret(
    `${name}-${kind}`,
    {
      name: secretName(config, context, kind),
      description: `Medplum ${context.environment}: access to its ${kind}`,
      kmsKeyId: keys.keyArn,
      recoveryWindowInDays: 30,
      // Under that region's own default key: the primary's first update comes before the standby has one.
      ...(isReplicated ? { replicas: [{ region: recoverySite.region }] } : {}),
      tags: tagsOf(config, context),
    },
    { parent, provider, protect: true }
  );
  return secret.arn;
}

/** Letters and digits: what is asked for in URLs and command lines needs no quoting, and ElastiCache takes few others. */
function password(name: string, parent: pulumi.Resource): pulumi.Output<string> {
  const made = new random.RandomPassword(name, { length: 40, special: false }, { parent, protect: true });
  return pulumi.secret(made.result);
}

function givenPassword(values: Record<string, string>): string {
  const given = values[DATABASE_PASSWORD];
  if (given === undefined) {
    throw new pulumi.RunError(
      `A promoted replica keeps the password of home's database: set medplum-dr:secrets.${DATABASE_PASSWORD} to it.`
    );
  }
  return given;
}
