import { z } from 'zod';
import { commonSchema } from '../config';
import { OperatorError } from '../errors';
import type { ConfigContext, Platform, PlatformEnvironment } from '../platform';
import { awsKeys, awsSchema } from './config';
import { awsLayers } from './layers';
import { awsSiteOperations } from './operations';

/**
 * Config keys that are of one stack alone: what recovers it has others or none. Secrets are sealed with the stack's own
 * key, and the recovery region has them in its own store.
 */
const OWN_KEYS: ReadonlySet<string> = new Set([
  ...['role', 'site', 'recoverySite', 'activeEndpoint', 'startDespite', 'siteRemoved'],
  ...['restore', 'quarantine', 'secrets', 'standing'],
]);

const STANDBY = '-standby';

/** A primary's stack has the environment's name, and a standby's ends in -standby; a recovery's config tells it. */
function environmentName(values: Record<string, unknown>, { stack }: ConfigContext): string | undefined {
  switch (values['role'] ?? 'primary') {
    case 'primary':
      return stack;
    case 'standby':
      return stack.endsWith(STANDBY) ? stack.slice(0, -STANDBY.length) : undefined;
    default:
      return undefined;
  }
}

function load(values: Record<string, unknown>, context: ConfigContext): PlatformEnvironment {
  const config = awsSchema.parse({ environment: environmentName(values, context), ...values });
  const { environment } = config;
  if (environment === undefined) {
    const message = `is missing; the name of stack "${context.stack}" does not tell it: a standby's ends in ${STANDBY}`;
    throw new z.ZodError([{ code: 'custom', path: ['environment'], message, input: undefined }]);
  }
  return {
    config: commonSchema.strip().parse({ ...values }),
    site: config.site.name,
    recoverySite: config.recoverySite?.name,
    isStandIn: false,
    controlDirectory: config.control,
    layers: () => awsLayers(config, { stack: context.stack, environment }),
    recoveryConfig(restore, quarantine) {
      if (quarantine !== undefined) {
        throw new OperatorError('not-implemented', 'A drill is not implemented yet on platform "aws".', {
          hint: 'Drill on the local platform (docs/tutorial).',
        });
      }
      const kept = Object.entries(values).filter(([key]) => !OWN_KEYS.has(key));
      return {
        ...Object.fromEntries(kept),
        role: 'recovery',
        environment,
        site: values['recoverySite'],
        restore,
      };
    },
    protectionConfig: (other) => ({ recoverySite: other['site'] }),
    operations: awsSiteOperations,
  };
}

export const platform: Platform = {
  name: 'aws',
  roles: ['primary', 'standby', 'recovery'],
  strategies: ['backup-restore', 'pilot-light', 'warm-standby', 'hot-standby'],
  knownKeys: awsKeys,
  load,
};
