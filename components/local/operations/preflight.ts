import { access, constants, stat, statfs } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { messageOf } from '../../errors';
import type { ConfigContext } from '../../platform';
import type { PreflightFinding } from '../../site-operations';
import { programOnPath } from '../cache';
import { siteFolders, type LocalConfig, type LocalSite, type OutsideFolders, type SiteFolders } from '../config';
import { findPostgresql } from '../postgresql/binaries';
import { listRecoveryPoints, type RecoveryPoints } from '../postgresql/recovery-points';
import { sitePresent } from '../provider/site';
import { replicatedStoreIn } from '../secrets';
import { readSecrets, secretsKey } from '../secrets-store/store';

/** Two clocks that are both kept by a time server differ by less. */
const CLOCK_TOLERANCE_SECONDS = 5;

interface PreflightContext {
  readonly config: LocalConfig;
  readonly context: ConfigContext;
  readonly outside: OutsideFolders;
  readonly recoverySite: LocalSite;
  readonly recoveryStack: string;
}

/** Everything a recovery on this machine needs, looked at before anything is made. */
export async function preflight(preflightContext: PreflightContext): Promise<PreflightFinding[]> {
  const { config, context, recoverySite, recoveryStack } = preflightContext;
  const folders = siteFolders(context.projectDirectory, recoverySite, recoveryStack);
  // The copies are those of the stack that is recovered.
  const { replica } = siteFolders(context.projectDirectory, recoverySite, context.stack);
  const points = listRecoveryPoints(replica);
  const findings = await Promise.all([
    looked('recovery-site', () => recoverySiteUsable(folders)),
    ...ports(config, recoverySite).map(({ address, port, key }) =>
      looked(`port-${key}`, () => portFree(folders, address, port, key))
    ),
    looked('disk-space', async () => diskSpace(folders, await points)),
    looked('secrets', () => secretsReadable(preflightContext, replica)),
    looked('clock', async () => clockAgrees(await points)),
    looked('postgresql', async () => passed(`PostgreSQL ${(await findPostgresql()).version} is at hand`)),
    looked('application', () => applicationThere(config)),
  ]);
  return findings;
}

type Verdict =
  | { readonly status: 'passed'; readonly evidence: string }
  | { readonly status: 'failed'; readonly evidence: string; readonly remedy: string }
  | { readonly status: 'not-checked'; readonly reason: string };

function passed(evidence: string): Verdict {
  return { status: 'passed', evidence };
}

function failed(evidence: string, remedy: string): Verdict {
  return { status: 'failed', evidence, remedy };
}

/** An error while looking is not a pass: what could not be looked at fails, with what went wrong. */
async function looked(id: string, look: () => Promise<Verdict>): Promise<PreflightFinding> {
  try {
    return { id, ...(await look()) };
  } catch (error) {
    return {
      id,
      status: 'failed',
      evidence: `${id}: ${messageOf(error)}.`,
      remedy: 'Mend it, or choose another recovery site.',
    };
  }
}

async function recoverySiteUsable(folders: SiteFolders): Promise<Verdict> {
  const existing = await nearestExisting(folders.root);
  if (!(await stat(existing)).isDirectory()) {
    return failed(`${existing} is not a folder.`, 'Move it away, or set another medplum-dr:recoverySite.folder.');
  }
  await access(existing, constants.W_OK);
  return passed(`${existing} can be written`);
}

/** The folder itself, or the lowest one above it that is there: preflight looks and makes nothing. */
async function nearestExisting(folder: string): Promise<string> {
  try {
    await stat(folder);
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') {
      throw error;
    }
    return nearestExisting(path.dirname(folder));
  }
}

function ports(config: LocalConfig, site: LocalSite): { address: string; port: number; key: string }[] {
  return [
    { address: site.address, port: config.traffic.port, key: 'traffic' },
    { address: site.address, port: site.ports.database, key: 'database' },
    { address: site.address, port: site.ports.cache, key: 'cache' },
    { address: '127.0.0.1', port: site.ports.application, key: 'application' },
  ];
}

async function portFree(folders: SiteFolders, address: string, port: number, key: string): Promise<Verdict> {
  if (await sitePresent({ live: folders.live })) {
    return passed(`${address}:${port} may be in use by this recovery itself`);
  }
  const problem = await listenError(address, port);
  switch (problem) {
    case null:
      return passed(`${address}:${port} is free`);
    case 'EADDRINUSE':
      return failed(
        `Port ${port} on ${address} is taken.`,
        `Stop what listens there, or set another ${key === 'traffic' ? 'medplum-dr:traffic.port' : `medplum-dr:recoverySite.ports.${key}`}.`
      );
    case 'EADDRNOTAVAIL':
      return failed(
        `This machine has no address ${address}.`,
        process.platform === 'darwin'
          ? `Add it: sudo ifconfig lo0 alias ${address}.`
          : 'Set another medplum-dr:recoverySite.address.'
      );
    default:
      return failed(`Nothing can listen on ${address}:${port} (${problem}).`, 'Set another port.');
  }
}

function listenError(address: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
    server.listen({ host: address, port, exclusive: true }, () => {
      server.close(() => {
        resolve(null);
      });
    });
  });
}

async function diskSpace(folders: SiteFolders, { points }: RecoveryPoints): Promise<Verdict> {
  const largest = Math.max(0, ...points.map((point) => point.sizeBytes ?? 0));
  // The copy itself, and the log that is replayed into it.
  const needed = largest * 1.3 + 256 * 1024 * 1024;
  const { bavail, bsize } = await statfs(await nearestExisting(folders.root));
  const free = bavail * bsize;
  const text = `${Math.round(free / 1e6)} MB free in ${folders.root}, ${Math.round(needed / 1e6)} MB needed`;
  return free >= needed
    ? passed(text)
    : failed(`The disk is too full: ${text}.`, 'Free room, or choose another folder for the recovery site.');
}

/** Times of recovery points are the database's: a clock behind it would name moments that are not what they are called. */
function clockAgrees({ points }: RecoveryPoints): Verdict {
  const newest = points.at(-1);
  if (newest === undefined) {
    return { status: 'not-checked', reason: 'there is no recovery point whose time this clock could be held against' };
  }
  const aheadSeconds = Math.round((newest.time.getTime() - Date.now()) / 1000);
  return aheadSeconds > CLOCK_TOLERANCE_SECONDS
    ? failed(
        `This machine's clock is behind the database's by ${aheadSeconds} s or more: recovery point ${newest.id} lies in its future.`,
        'Set the clock (timedatectl shows it): times that are given as a recovery point would be off.'
      )
    : passed(`the newest recovery point, ${newest.time.toISOString()}, does not lie in the future of this clock`);
}

async function secretsReadable({ outside }: PreflightContext, replica: string): Promise<Verdict> {
  const file = replicatedStoreIn(replica);
  if ((await nearestExisting(outside.secretsKey)) !== outside.secretsKey) {
    return failed(
      `The key of the secrets, ${outside.secretsKey}, is not there.`,
      'Put it back, or set medplum-dr:outside.folder to where it lies.'
    );
  }
  const secrets = await readSecrets(file, await secretsKey(outside.secretsKey));
  return secrets.size === 0
    ? failed(`No secrets were replicated to ${file}.`, 'Without the database password nothing can be recovered here.')
    : passed(`${secrets.size} secrets can be read at the recovery site`);
}

async function applicationThere(config: LocalConfig): Promise<Verdict> {
  const { command, folder } = config.application;
  if (command === undefined) {
    return passed('the stand-in of this package (not a Medplum server)');
  }
  const program = command[0] ?? '';
  if (folder !== undefined) {
    await stat(folder);
  }
  const there = program.includes('/') ? await stat(path.resolve(folder ?? '.', program)) : programOnPath(program);
  return there === undefined
    ? failed(`The application's command "${program}" is not on PATH.`, 'Set medplum-dr:application.command.')
    : passed(command.join(' '));
}
