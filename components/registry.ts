import type { PlatformName } from './config';
import type { Platform } from './platform';
import type * as LocalPlatform from './local/platform';
import { OperatorError } from './errors';

/** The one place that knows which platforms there are. Only the platform of the stack is loaded, with its SDK. */
/* eslint-disable @typescript-eslint/no-require-imports -- import() stays native in this module format, and the
   Pulumi host, which compiles TypeScript as it requires it, could not load a platform's sources through it. */
const platforms: Partial<Record<PlatformName, () => { platform: Platform }>> = {
  local: () => require('./local/platform') as typeof LocalPlatform,
};

/** @throws OperatorError when the platform has no components yet. */
export function loadPlatform(name: PlatformName): Platform {
  const load = platforms[name];
  if (load === undefined) {
    throw new OperatorError('not-implemented', `Platform "${name}" is not implemented yet.`, {
      hint: `Implemented: ${Object.keys(platforms).join(', ')}. Set medplum-dr:platform to one of them.`,
    });
  }
  return load().platform;
}
