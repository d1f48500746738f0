import { accessSync, constants } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { PulumiCommand } from '@pulumi/pulumi/automation';
import { version as sdkVersion } from '@pulumi/pulumi/version';
import { OperatorError, messageOf } from '../../components/errors';
import { buildExecutable } from './build';
import { engineCacheRoot, homeDirectory } from './cache';
import { downloadEngine } from './download';
import { ENGINE_MODULE, pinnedVersion } from './modules';
import type { OnProgress } from './progress';

export interface Engine {
  /** For `pulumiCommand` of the Automation API's workspace options. */
  readonly command: PulumiCommand;
  /** Version that the engine answers, such as `3.246.0`. */
  readonly version: string;
  /** How it was got: it was on PATH, installed by the Automation API, or built from Go modules. */
  readonly source: 'path' | 'automation-api' | 'built';
  /** Installation folder, as `PulumiCommand.get` takes it: the executables are in its `bin`. */
  readonly root: string;
}

export interface FindEngineOptions {
  /** Told in whole lines what is being done and how long it takes. */
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** PATH, HOME, the cache and the proxies are taken from here. Default: this process's environment. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Versions that fit the SDK. Its major version must be the SDK's, which the Automation API demands as well. It may be newer
 * than the SDK: Pulumi keeps the protocol compatible within a major version. It may be older down to 3.206, the first
 * one that sends its events to the Automation API of this SDK by gRPC; before, they were read from a file that is polled.
 */
const OLDEST = { major: 3, minor: 206 } as const;

/**
 * Finds the Pulumi engine, or gets it: on PATH, else where the Automation API installs it (downloading it there when the
 * network lets it), else built from Go modules and kept in the cache (see `cacheDirectory`).
 *
 * @throws OperatorError of kind `engine-missing` when none of the three is possible, with each one's reason in `problems`;
 * the signal's reason when it is aborted.
 */
export async function findEngine(options: FindEngineOptions): Promise<Engine> {
  const { onProgress, signal, environment = process.env } = options;
  const automationRoot = path.join(homeDirectory(environment), '.pulumi', 'versions', sdkVersion);
  const cacheRoot = engineCacheRoot(environment, await pinnedVersion(ENGINE_MODULE));
  const problems: string[] = [];
  const attempt = async (name: string, get: () => Promise<Engine | undefined>): Promise<Engine | undefined> => {
    signal?.throwIfAborted();
    try {
      const engine = await get();
      if (engine === undefined) problems.push(`${name}: there is no pulumi`);
      return engine;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof OperatorError) throw error;
      const problem = `${name}: ${messageOf(error)}`;
      problems.push(problem);
      onProgress(`No engine from ${problem}`);
      return undefined;
    }
  };

  const found =
    (await attempt('PATH', () => engineOnPath(environment))) ??
    (isExecutable(path.join(automationRoot, 'bin', 'pulumi'))
      ? await attempt(automationRoot, () => engineAt(automationRoot, 'automation-api'))
      : undefined) ??
    // Built before: nothing to download for.
    (isExecutable(path.join(cacheRoot, 'bin', 'pulumi'))
      ? await attempt(cacheRoot, () => engineInCache(cacheRoot))
      : undefined) ??
    (await attempt('the Automation API', async () => {
      await downloadEngine(automationRoot, { environment, onProgress, signal });
      return engineAt(automationRoot, 'automation-api');
    })) ??
    (await attempt('Go modules', async () => {
      await buildExecutable(ENGINE_MODULE, cacheRoot, { environment, onProgress, signal });
      return engineAt(cacheRoot, 'built');
    }));
  if (found !== undefined) return found;
  throw new OperatorError('engine-missing', 'The Pulumi engine is neither installed here nor could it be got', {
    hint:
      'Install the Pulumi CLI (https://www.pulumi.com/docs/install/), or Go 1.25.8 or newer (https://go.dev/dl/; any Go ' +
      'from 1.21 fetches it by itself unless GOTOOLCHAIN=local) with access to a Go module proxy, and run this again.',
    problems,
  });
}

async function engineOnPath(environment: NodeJS.ProcessEnv): Promise<Engine | undefined> {
  const reasons: string[] = [];
  for (const directory of (environment['PATH'] ?? '').split(path.delimiter)) {
    if (!path.isAbsolute(directory) || !isExecutable(path.join(directory, 'pulumi'))) continue;
    try {
      if (path.basename(directory) !== 'bin') {
        throw new Error('the Automation API takes it only from a folder named bin');
      }
      return await engineAt(path.dirname(directory), 'path');
    } catch (error) {
      reasons.push(`${path.join(directory, 'pulumi')}: ${messageOf(error)}`);
    }
  }
  if (reasons.length === 0) return undefined;
  throw new Error(reasons.join('; '));
}

async function engineInCache(root: string): Promise<Engine> {
  try {
    return await engineAt(root, 'built');
  } catch (error) {
    // Makes room for a build: what is broken now stays broken.
    await rm(path.join(root, 'bin', 'pulumi'), { force: true });
    throw error;
  }
}

async function engineAt(root: string, source: Engine['source']): Promise<Engine> {
  const command = await PulumiCommand.get({ root });
  const { version } = command;
  if (version === null) throw new Error('it does not say its version');
  if (version.major !== OLDEST.major || version.minor < OLDEST.minor) {
    throw new Error(`version ${version.version} does not fit: ${OLDEST.major}.${OLDEST.minor} or newer is needed`);
  }
  return { command, version: version.version, source, root };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there or not ours to run: either way no engine.
    return false;
  }
}
