import type { PlatformName } from '../../components/config';
import { OperatorError } from '../../components/errors';
import { initAws, type AwsPlace } from './aws';
import { initLocal } from './local';
import type { Initialised } from './new-config';

export type { Initialised } from './new-config';

/** Where the environment is that a config is written for: a made-up one, or one that runs already. */
export type InitPlatform =
  | { readonly name: 'local' }
  | ({ readonly name: 'aws' } & AwsPlace)
  | { readonly name: Exclude<PlatformName, 'local' | 'aws'> };

/** Writes the config of a new environment. @throws OperatorError; see the platforms. */
export function initialise(directory: string, environment: string, platform: InitPlatform): Promise<Initialised> {
  switch (platform.name) {
    case 'local':
      return initLocal(directory, environment);
    case 'aws':
      return initAws(directory, environment, platform);
    case 'gcp':
    case 'azure':
    case 'kubernetes':
      throw new OperatorError('not-implemented', `init ${platform.name} is not implemented yet.`, {
        hint: 'Implemented: medplum-dr init local <environment>, medplum-dr init aws <environment>.',
      });
  }
}
