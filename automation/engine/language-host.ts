import { existsSync } from 'node:fs';
import path from 'node:path';
import { buildExecutable } from './build';
import { engineCacheRoot } from './cache';
import type { Engine, FindEngineOptions } from './find';
import { ENGINE_MODULE, LANGUAGE_HOST_MODULE, pinnedVersion } from './modules';

export interface LanguageHost {
  /** Path of `pulumi-language-nodejs`. */
  readonly executable: string;
  /** Folders to put first on PATH for `pulumi up` from a shell: the engine's, and the language host's where it differs. */
  readonly path: readonly string[];
}

/**
 * Finds or builds the language host that `pulumi up` from a shell needs for a TypeScript program. The driver does not need
 * it, as its programs are inline: never call it in a recovery.
 */
export async function ensureLanguageHost(engine: Engine, options: FindEngineOptions): Promise<LanguageHost> {
  const { onProgress, signal, environment = process.env } = options;
  const engineFolder = path.join(engine.root, 'bin');
  const bundled = path.join(engineFolder, LANGUAGE_HOST_MODULE.executable);
  if (existsSync(bundled)) return { executable: bundled, path: [engineFolder] };
  const root = engineCacheRoot(environment, await pinnedVersion(ENGINE_MODULE));
  const executable = await buildExecutable(LANGUAGE_HOST_MODULE, root, { environment, onProgress, signal });
  return { executable, path: [...new Set([engineFolder, path.dirname(executable)])] };
}
