import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { lock } from 'proper-lockfile';
import { execute } from './execute';
import { type ToolchainModule, moduleDirectory, pinnedVersion } from './modules';
import { type OnProgress, withElapsedTime } from './progress';

export interface BuildOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

const BUILDING_PREFIX = '.building-';
const LOCK_POLL_MILLISECONDS = 500;

/**
 * Builds one executable of the toolchain into `<root>/bin`, unless it is there, and returns its path.
 *
 * It is built beside its place and renamed into it, so that a killed build leaves nothing that looks like an engine. Of
 * several processes at once one builds and the others wait for it; when it dies, its lock goes stale after 10 seconds and
 * the next one takes over.
 */
export async function buildExecutable(module: ToolchainModule, root: string, options: BuildOptions): Promise<string> {
  const executable = path.join(root, 'bin', module.executable);
  if (await isFile(executable)) return executable;
  await mkdir(path.join(root, 'bin'), { recursive: true });
  const release = await lockOrWait(module, root, options);
  try {
    if (!(await isFile(executable))) await buildInto(module, root, executable, options);
  } finally {
    await release();
  }
  return executable;
}

async function buildInto(
  module: ToolchainModule,
  root: string,
  executable: string,
  options: BuildOptions
): Promise<void> {
  const { environment, onProgress, signal } = options;
  await removeKilledBuilds(root, module);
  const version = await pinnedVersion(module);
  onProgress(
    `Building ${module.executable} ${version} from its Go modules into ${path.dirname(executable)}: ` +
      `once a machine, usually ${module.usualTime}`
  );
  const started = Date.now();
  const scratch = await mkdtemp(path.join(root, `${BUILDING_PREFIX}${module.executable}-`));
  try {
    const built = path.join(scratch, module.executable);
    await withElapsedTime(`Building ${module.executable}`, onProgress, () =>
      execute('go', goBuildArguments(module, version, built), {
        environment: goEnvironment(environment),
        directory: moduleDirectory(module),
        signal,
      })
    );
    await rename(built, executable);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  onProgress(`Built ${module.executable} ${version} in ${Math.round((Date.now() - started) / 1000)} s`);
}

function goBuildArguments(module: ToolchainModule, version: string, output: string): string[] {
  return [
    'build',
    // Nothing but what the committed go.sum vouches for, and nothing written into the package.
    '-mod=readonly',
    '-buildvcs=false',
    '-ldflags',
    `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${version}`,
    '-o',
    output,
    module.package,
  ];
}

function goEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // Without cgo as Pulumi's own releases are, so that no C compiler is needed; and no go.work of a folder above.
  return { ...environment, CGO_ENABLED: '0', GOWORK: 'off' };
}

async function lockOrWait(module: ToolchainModule, root: string, options: BuildOptions): Promise<() => Promise<void>> {
  const { onProgress, signal } = options;
  const lockfilePath = path.join(root, `.${module.executable}.lock`);
  const attempt = async (): Promise<(() => Promise<void>) | undefined> => {
    try {
      return await lock(root, {
        lockfilePath,
        // Two builds at once are a waste, not a fault: each renames a whole executable into place.
        onCompromised: (error) => {
          onProgress(`The lock of the build was lost (${error.message}); the build goes on`);
        },
      });
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ELOCKED') return undefined;
      throw error;
    }
  };
  const release = await attempt();
  if (release !== undefined) return release;
  onProgress(`Another process is building ${module.executable} in ${root}: waiting for it`);
  return withElapsedTime(`Waiting for ${module.executable}`, onProgress, async () => {
    for (;;) {
      signal?.throwIfAborted();
      const acquired = await attempt();
      if (acquired !== undefined) return acquired;
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MILLISECONDS));
    }
  });
}

/** Called with the lock held: whatever is half built belongs to a process that was killed. */
async function removeKilledBuilds(root: string, module: ToolchainModule): Promise<void> {
  const prefix = `${BUILDING_PREFIX}${module.executable}-`;
  // The language host's name begins with the engine's: only what mkdtemp adds, six characters, may follow.
  const leftovers = (await readdir(root)).filter(
    (name) => name.startsWith(prefix) && name.length === prefix.length + 6
  );
  for (const name of leftovers) await rm(path.join(root, name), { recursive: true, force: true });
}

async function isFile(file: string): Promise<boolean> {
  const found = await stat(file).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  return found?.isFile() ?? false;
}
