import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** A Go module below `toolchain/` that pins, by `go.mod` and `go.sum`, one executable of Pulumi and all it is made of. */
export interface ToolchainModule {
  /** Name of the module's folder below `toolchain/`, and of the executable. */
  readonly executable: 'pulumi' | 'pulumi-language-nodejs';
  /** Import path of the command. */
  readonly package: string;
  /** Module that the command is part of: its version is the executable's. */
  readonly requirement: string;
  /** How long a build from a cold cache takes on two cores, as people say it. */
  readonly usualTime: string;
}

export const ENGINE_MODULE: ToolchainModule = {
  executable: 'pulumi',
  package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
  requirement: 'github.com/pulumi/pulumi/pkg/v3',
  usualTime: '2 to 5 minutes',
};

/**
 * The language host that `pulumi up` from a shell starts for a TypeScript program. It is pinned to the last release whose
 * host is part of the SDK's module: since then it is a module of its own with `replace` lines, which Go does not build
 * from another module. Its protocol is still the one the engine speaks.
 */
export const LANGUAGE_HOST_MODULE: ToolchainModule = {
  executable: 'pulumi-language-nodejs',
  package: 'github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs',
  requirement: 'github.com/pulumi/pulumi/sdk/v3',
  usualTime: 'half a minute',
};

/** Folder of a toolchain module: in the checkout, and in an installed package, whose code runs from `dist/`. */
export function moduleDirectory(module: ToolchainModule): string {
  let directory = __dirname;
  while (!existsSync(path.join(directory, 'toolchain', module.executable, 'go.mod'))) {
    const parent = path.dirname(directory);
    if (parent === directory)
      throw new Error(`toolchain/${module.executable}/go.mod is missing from this installation`);
    directory = parent;
  }
  return path.join(directory, 'toolchain', module.executable);
}

/** The version that `go.mod` pins, without the leading `v`. */
export async function pinnedVersion(module: ToolchainModule): Promise<string> {
  const goMod = await readFile(path.join(moduleDirectory(module), 'go.mod'), 'utf8');
  for (const line of goMod.split('\n')) {
    const [name, version] = line
      .replace(/^require\b/, '')
      .trim()
      .split(/\s+/);
    if (name === module.requirement && version !== undefined) return version.replace(/^v/, '');
  }
  throw new Error(`toolchain/${module.executable}/go.mod does not require ${module.requirement}`);
}
