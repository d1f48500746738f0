import { OperatorError } from '../errors';
import { standingNames, type AwsConfig, type AwsSite } from './config';

/** Whose stack it is; names of what it makes come from both. */
export interface AwsContext {
  readonly stack: string;
  /** Name of the environment, the same for its primary, standby and recovery stacks. */
  readonly environment: string;
}

/**
 * ARN of something at a site, told from config alone: no region is asked. Partition and account are those of the site's
 * certificate, as a certificate of another account can serve no load balancer.
 *
 * @param resource such as `backup-vault:name`.
 * @throws OperatorError when the certificate's ARN names no account.
 */
export function arnAt(site: AwsSite, service: string, resource: string): string {
  const [, partition, , , account] = site.certificateArn.split(':');
  if (partition === undefined || account === undefined || !/^\d{12}$/.test(account)) {
    throw new OperatorError('bad-input', `${site.certificateArn} of site ${site.name} names no account.`, {
      hint: 'Set certificateArn to the full ARN of the certificate in that region.',
    });
  }
  return `arn:${partition}:${service}:${site.region}:${account}:${resource}`;
}

/** A bucket's ARN has neither region nor account. */
export function bucketArn(site: AwsSite, bucket: string): string {
  return `arn:${site.certificateArn.split(':')[1] ?? 'aws'}:s3:::${bucket}`;
}

/** The environment's key at a site, by its alias: the key's own id is known to the site's state only. */
export function keyAliasArn(site: AwsSite, environment: string): string {
  return arnAt(site, 'kms', standingNames(environment).keyAlias);
}

export function vaultArn(site: AwsSite, environment: string): string {
  return arnAt(site, 'backup', `backup-vault:${standingNames(environment).vault}`);
}

/** Longest identifier that leaves room for the number of an instance within RDS's 63 characters. */
const LONGEST_IDENTIFIER = 59;

/**
 * Identifier of a stack's database. Home and standing replica have the environment's name, each in its own region; each
 * recovery stack has its own, so that a recovered database stands beside what was there.
 */
export function databaseIdentifier(role: AwsConfig['role'], { stack, environment }: AwsContext): string {
  const name = role === 'recovery' ? `medplum-dr-${stack}` : standingNames(environment).prefix;
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST_IDENTIFIER)
    .replace(/-$/, '');
}

/**
 * The database at home, as the stack of the recovery region names it. What `source: existing` names wins.
 *
 * @param home the site where the environment is at home.
 */
export function homeDatabaseArn(config: AwsConfig, home: AwsSite, context: AwsContext): string {
  return config.source.kind === 'existing'
    ? existingDatabaseArn(config.source)
    : databaseArn(config, home, databaseIdentifier('primary', context));
}

export function existingDatabaseArn({ database }: Extract<AwsConfig['source'], { kind: 'existing' }>): string {
  return database.engine === 'aurora' ? database.clusterArn : database.instanceArn;
}

export function databaseArn({ database }: AwsConfig, site: AwsSite, identifier: string): string {
  return arnAt(site, 'rds', `${database.engine === 'aurora' ? 'cluster' : 'db'}:${identifier}`);
}

export function tagsOf(config: AwsConfig, { environment }: AwsContext): Record<string, string> {
  return { 'medplum-dr:environment': environment, 'medplum-dr:role': config.role };
}
