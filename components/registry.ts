import type { PlatformName } from './config';
import type { Platform } from './platform';
import type * as AwsPlatform from './aws/platform';
import type * as LocalPlatform from './local/platform';
import { OperatorError } from './errors';

/** The one place that knows which platforms there are. Only the platform of the stack is loaded, with its SDK. */
/* eslint-disable @typescript-eslint/no-require-imports -- import() stays native in this module format, and the
   Pulumi host, which compiles TypeScript as it requires it, could not load a platform's sources through it. */
const platforms: Partial<Record<PlatformName, () => { platform: Platform }>> = {
  aws: () => {
    requirePackages('aws', ['@pulumi/aws', '@pulumi/random']);
    return require('./aws/platform') as typeof AwsPlatform;
  },
  local: () => require('./local/platform') as typeof LocalPlatform,
};

/** A cloud's SDK is large and of use to its users only, so each installs it for themselves. */
function requirePackages(platform: PlatformName, packages: readonly string[]): void {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length > 0) {
    throw new OperatorError('bad-input', `Platform "${platform}" needs ${missing.join(' and ')}.`, {
      hint: `Install what it needs beside medplum-dr: npm install ${packages.join(' ')}`,
    });
  }
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(`${name}/package.json`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') {
      return false;
    }
    throw error;
  }
}

/** @throws OperatorError when the platform has no components yet, or its SDK is not installed. */
export function loadPlatform(name: PlatformName): Platform {
  const load = platforms[name];
  if (load === undefined) {
    throw new OperatorError('not-implemented', `Platform "${name}" is not implemented yet.`, {
      hint: `Implemented: ${Object.keys(platforms).join(', ')}. Set medplum-dr:platform to one of them.`,
    });
  }
  return load().platform;
}
