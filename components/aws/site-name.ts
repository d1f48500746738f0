import { createHash } from 'node:crypto';
import { standingNames, type AwsConfig } from './config';
import type { AwsContext } from './standing-arns';

/** Length of the digest that tells apart two names which were cut to the same beginning. */
const DIGEST = 6;

/**
 * Name of what a stack has one of. At home and in the standby it is the environment's, and so told ahead; each recovery
 * stack has its own, as what it makes stands beside what was there.
 *
 * @param longest what the service allows, in characters.
 */
export function siteName(
  { role }: Pick<AwsConfig, 'role'>,
  { environment, stack }: AwsContext,
  longest: number
): string {
  const { prefix } = standingNames(environment);
  const full = role === 'recovery' ? `medplum-dr-${stack}` : prefix;
  const name = full.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  if (name.length <= longest) {
    return name;
  }
  const digest = createHash('sha256').update(full).digest('hex').slice(0, DIGEST);
  return `${name.slice(0, longest - DIGEST - 1).replace(/-$/, '')}-${digest}`;
}
