import { standingNames, type AwsConfig } from './config';
import { arnAt, type AwsContext } from './standing-arns';

export type SecretKind = 'database' | 'redis';

/**
 * Name of a secret at the config's site. It carries the site's name: home's secrets are replicated under their own names
 * into the recovery region, and must not meet that region's own.
 */
export function secretName({ site }: AwsConfig, { environment }: AwsContext, kind: SecretKind): string {
  return `${standingNames(environment).prefix}/${site.name}/${kind}`;
}

/** Without the six random characters that Secrets Manager adds; it takes the ARN so, too. */
export function standingSecretArn(config: AwsConfig, context: AwsContext, kind: SecretKind): string {
  return arnAt(config.site, 'secretsmanager', `secret:${secretName(config, context, kind)}`);
}

/** Where values lie that are this program's and none of Medplum's settings. */
export function ownParameterPath({ environment }: AwsContext): string {
  return `/medplum-dr/${environment}/`;
}
