import os from 'node:os';
import path from 'node:path';

/** Home of whom the environment belongs to. */
export function homeDirectory(environment: NodeJS.ProcessEnv): string {
  return environment['HOME'] ?? os.homedir();
}

/**
 * Where what was built is kept, outside any checkout, so that it is built once a machine (once a user, unless root).
 * `MEDPLUM_DR_CACHE` overrides the folder.
 */
export function cacheDirectory(environment: NodeJS.ProcessEnv): string {
  const override = environment['MEDPLUM_DR_CACHE'];
  if (override !== undefined && override !== '') return path.resolve(override);
  if (process.getuid?.() === 0) return '/var/cache/medplum-dr';
  const base = environment['XDG_CACHE_HOME'];
  // The XDG base directory specification has relative paths ignored.
  const absolute = base !== undefined && path.isAbsolute(base) ? base : path.join(homeDirectory(environment), '.cache');
  return path.join(absolute, 'medplum-dr');
}

/** Folder of one engine version for this platform; the executables are in its `bin`, as `PulumiCommand` wants it. */
export function engineCacheRoot(environment: NodeJS.ProcessEnv, version: string): string {
  return path.join(cacheDirectory(environment), 'engine', `${version}-${process.platform}-${process.arch}`);
}
