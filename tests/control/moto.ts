import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../automation/engine/cache';
import { messageOf } from '../../components/errors';

const run = promisify(execFile);

/**
 * moto knows If-None-Match from 5.0.16 on. Of its server's many requirements these do for S3, and for all services that
 * `init aws` reads: CloudFormation as well, as long as nobody has it validate a template.
 */
const PACKAGES = ['moto[s3]==5.2.5', 'flask==3.1.3', 'flask-cors==6.0.5'];

export interface Moto {
  /** Address of the server, without a trailing slash. */
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/** Starts a server of its own, which answers for every service and region by what the request is signed for. @returns what is missing on this machine, as words, where it cannot. */
export async function startMoto(): Promise<Moto | string> {
  const packages = await installedPackages();
  if (typeof packages === 'string') {
    return packages;
  }
  const server = spawn('python3', [path.join(__dirname, 'moto-server.py')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PYTHONPATH: packages.folder },
  });
  const ended = new Promise<void>((resolve) =>
    server.once('close', () => {
      resolve();
    })
  );
  let said = '';
  const endpoint = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      server.kill('SIGKILL');
    }, 60_000);
    server.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000);
      const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (found !== undefined) {
        clearTimeout(late);
        resolve(found);
      }
    });
    void ended.then(() => {
      clearTimeout(late);
      reject(new Error(`moto did not start: ${said}`));
    });
  });
  return {
    endpoint,
    stop: async () => {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

/** Installs moto once a machine and Python version, outside the checkout. */
async function installedPackages(): Promise<{ folder: string } | string> {
  try {
    const { stdout } = await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
    const parent = path.join(cacheDirectory(process.env), 'tests');
    const folder = path.join(parent, `moto-5.2.5-python-${stdout.trim()}-${process.platform}-${process.arch}`);
    if (existsSync(folder)) {
      return { folder };
    }
    await mkdir(parent, { recursive: true });
    const unfinished = await mkdtemp(path.join(parent, 'moto-'));
    try {
      const quiet = ['--quiet', '--no-input', '--disable-pip-version-check'];
      await run('python3', ['-m', 'pip', 'install', ...quiet, '--target', unfinished, ...PACKAGES], {
        timeout: 240_000,
      });
      await rename(unfinished, folder).catch((error: unknown) => {
        // Another run was quicker.
        if (!existsSync(folder)) {
          throw error;
        }
      });
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
    return { folder };
  } catch (error) {
    return `moto could not be installed, which needs Python 3.10 with pip and PyPI: ${messageOf(error)}`;
  }
}
