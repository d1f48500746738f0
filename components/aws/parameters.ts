import * as ssm from '@pulumi/aws/ssm';
import * as pulumi from '@pulumi/pulumi';
import { DATABASE_PASSWORD, SUPER_ADMIN_CLIENT_ID, SUPER_ADMIN_CLIENT_SECRET } from '../secret-names';
import type { AwsConfig } from './config';
import { SERVER_PORT } from './ports';
import type { AwsSecretsArgs } from './secrets';
import { ownParameterPath } from './secret-store-names';
import { tagsOf } from './standing-arns';

/** Secrets among the settings of Medplum: each becomes a parameter of the server. */
const SETTINGS_FROM_SECRETS: Readonly<Record<string, string>> = {
  signingKey: 'signingKey',
  signingKeyId: 'signingKeyId',
  signingKeyPassphrase: 'signingKeyPassphrase',
  sseCustomerKey: 'sseCustomerKey',
  googleClientSecret: 'googleClientSecret',
  recaptchaSecretKey: 'recaptchaSecretKey',
  [SUPER_ADMIN_CLIENT_ID]: 'defaultSuperAdminClientId',
  [SUPER_ADMIN_CLIENT_SECRET]: 'defaultSuperAdminClientSecret',
};

/** Each of what the server is told in the clear; what names the region differs between the two. */
export function plainSettings(
  { application, site }: AwsConfig,
  given: {
    databaseSecretArn: pulumi.Input<string>;
    redisSecretArn: pulumi.Input<string>;
    botRoleArn: pulumi.Input<string>;
  }
): Record<string, pulumi.Input<string>> {
  return {
    // As issuer it is in every token: it is the same in both regions, before and after.
    baseUrl: application.baseUrl,
    port: String(SERVER_PORT),
    ...application.settings,
    awsRegion: site.region,
    binaryStorage: `s3:${site.bucket}`,
    botLambdaRoleArn: given.botRoleArn,
    DatabaseSecrets: given.databaseSecretArn,
    RedisSecrets: given.redisSecretArn,
  };
}

/**
 * The server's whole configuration below `site.configPath`, in the region that it runs in. Values that only this program
 * knows lie apart from it. SSM replicates nothing, so both stacks write theirs from the same config.
 */
export class Parameters extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: AwsSecretsArgs & {
      readonly databaseSecretArn: pulumi.Input<string>;
      readonly redisSecretArn: pulumi.Input<string>;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:Parameters', name, {}, options);
    const { config, context, keys, roles, provider, values } = args;
    const { configPath } = config.site;
    const child = { parent: this, provider };
    const tags = tagsOf(config, context);
    for (const [key, value] of Object.entries(plainSettings(config, { ...args, botRoleArn: roles.bot }))) {
      new ssm.Parameter(
        `${name}-${key}`,
        { name: `${configPath}${key}`, type: 'String', insecureValue: value, tags },
        child
      );
    }
    // Names are plain: which parameters there are must not wait for a secret.
    for (const secret of Object.keys(config.secrets).filter((each) => each !== DATABASE_PASSWORD)) {
      const setting = SETTINGS_FROM_SECRETS[secret];
      const paths = [
        ...(setting === undefined ? [] : [{ part: 'setting', path: `${configPath}${setting}` }]),
        ...(isMedplumsAlone(secret) ? [] : [{ part: 'own', path: `${ownParameterPath(context)}${secret}` }]),
      ];
      for (const { part, path } of paths) {
        new ssm.Parameter(
          `${name}-${part}-${secret}`,
          {
            name: path,
            type: 'SecureString',
            keyId: keys.keyArn,
            value: pulumi.secret(pulumi.output(values).apply((all) => all[secret] ?? '')),
            tags,
          },
          { ...child, protect: true }
        );
      }
    }
    this.registerOutputs({});
  }
}

/** The driver asks for clients by the names that it has for them on every platform. */
function isMedplumsAlone(secret: string): boolean {
  return SETTINGS_FROM_SECRETS[secret] === secret;
}
