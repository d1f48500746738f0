import * as kms from '@pulumi/aws/kms';
import * as pulumi from '@pulumi/pulumi';
import { standingNames, type AwsConfig } from './config';
import { arnAt, tagsOf, type AwsContext } from './standing-arns';

export interface AwsKeys {
  readonly keyArn: pulumi.Output<string>;
}

/**
 * The one key that all of a site's data is encrypted with, in the site's region. The two regions have no key in common
 * and need none: what is copied or replicated is encrypted anew on arrival.
 */
export class Keys extends pulumi.ComponentResource implements AwsKeys {
  readonly keyArn: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly config: AwsConfig; readonly context: AwsContext; readonly provider: pulumi.ProviderResource },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:Keys', name, {}, options);
    const { config, context, provider } = args;
    const child = { parent: this, provider };
    const key = new kms.Key(
      `${name}-key`,
      {
        description: `Medplum ${context.environment} in ${config.site.region}`,
        enableKeyRotation: true,
        deletionWindowInDays: 30,
        policy: keyPolicy(config, context),
        tags: tagsOf(config, context),
      },
      // A key that is gone takes every backup along that it encrypted.
      { ...child, protect: true, retainOnDelete: true }
    );
    new kms.Alias(
      `${name}-alias`,
      { name: standingNames(context.environment).keyAlias, targetKeyId: key.keyId },
      child
    );
    this.keyArn = key.arn;
    this.registerOutputs({ keyArn: this.keyArn });
  }
}

/** The key that stands, as the driver found it. An alias would not do: RDS tells the key's own ARN, and replaces. */
export function standingKeys({ standing }: AwsConfig): AwsKeys {
  if (standing === undefined) {
    throw new Error('a recovery without medplum-dr:standing passed the config');
  }
  return { keyArn: pulumi.output(standing.keyArn) };
}

/**
 * Who may use it is said by IAM, as for any key of the account; services that act without a role of ours are named
 * here. In a key's policy `Resource: *` means this key.
 */
function keyPolicy({ site }: AwsConfig, { environment }: AwsContext): string {
  const [, partition = 'aws', , , account = ''] = arnAt(site, 'kms', '').split(':');
  const logs = arnAt(site, 'logs', `log-group:${standingNames(environment).logGroup}`);
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'ByIam',
        Effect: 'Allow',
        Principal: { AWS: `arn:${partition}:iam::${account}:root` },
        Action: 'kms:*',
        Resource: '*',
      },
      {
        Sid: 'Logs',
        Effect: 'Allow',
        Principal: { Service: `logs.${site.region}.amazonaws.com` },
        Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        Resource: '*',
        Condition: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': `${logs}*` } },
      },
      {
        Sid: 'Alarms',
        Effect: 'Allow',
        Principal: { Service: ['cloudwatch.amazonaws.com', 'backup.amazonaws.com'] },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:SourceAccount': account } },
      },
    ],
  });
}
