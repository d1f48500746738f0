import type { AwsSite } from './config';
import { standingNames } from './config';
import { arnAt, type AwsContext } from './standing-arns';

export const ROLES = ['execution', 'task', 'bot', 'backup', 'replication'] as const;
export type RoleName = (typeof ROLES)[number];

/** Roles are of the whole account, so a name says which region's it is; at most 64 characters are allowed. */
export function roleName(site: AwsSite, { environment }: AwsContext, role: RoleName): string {
  return `${standingNames(environment).prefix}-${site.region}-${role}`;
}

/** Told by its name: the stack that made the role is not asked. */
export function roleArn(site: AwsSite, context: AwsContext, role: RoleName): string {
  const [, partition = 'aws', , , account = ''] = arnAt(site, 'iam', '').split(':');
  return `arn:${partition}:iam::${account}:role/${roleName(site, context, role)}`;
}
