import { randomBytes } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { OperatorError } from '../../components/errors';
import { openProject, readStackConfig, writeMissingSettings, writeStackConfig, type Project } from '../stacks/project';

/** Name of the environment that a rehearsal makes up. */
export const REHEARSAL_ENVIRONMENT = 'rehearsal';

const ADDRESSES = { siteA: '127.0.0.2', siteB: '127.0.0.3', outside: '127.0.0.1' } as const;

/** A rehearsal's own folder: its project, its two sites, and what lies outside both. Nothing else is ever touched. */
export interface RehearsalWorkspace {
  readonly directory: string;
  readonly project: Project;
  readonly sites: { readonly primary: string; readonly recovery: string };
  readonly outside: string;
  /** Variables that keep the engine's state and its passphrase within the workspace. */
  readonly engineEnvironment: Readonly<Record<string, string>>;
}

/** Where the primary site ships its backups, objects and secrets to. */
export function replicaIn({ sites }: Pick<RehearsalWorkspace, 'sites'>): string {
  return path.join(sites.recovery, 'replica', REHEARSAL_ENVIRONMENT);
}

/** Settings of an environment that is built in: the stand-in, and the objectives of the local example. */
const BUILT_IN: Record<string, unknown> = {
  platform: 'local',
  objectives: { rto: '5m', rpo: '1m' },
  application: { version: '5.0.10' },
  traffic: { name: 'medplum.test', ttl: '5s' },
  backup: { baseEvery: '1h', markEvery: '5s', walEvery: '5s', keep: 2 },
  monitoring: { interval: '1s', failures: 3 },
};

/**
 * Makes the workspace. With an environment named, its config is taken over (application, objectives, backup) and only
 * the places are others: folders, addresses and ports of the rehearsal's own.
 */
export async function makeWorkspace(
  directory: string,
  template: { readonly project: Project; readonly environment: string } | null
): Promise<RehearsalWorkspace> {
  const values = template === null ? BUILT_IN : await readStackConfig(template.project, template.environment);
  if (values['platform'] !== 'local') {
    throw new OperatorError('bad-input', 'A rehearsal scenario runs on the local platform only.', {
      hint: 'Leave out --scenario to drill this environment itself: a recovery that takes no traffic.',
    });
  }
  const projectDirectory = path.join(directory, 'project');
  await mkdir(path.join(projectDirectory, 'stacks'), { recursive: true });
  const outside = path.join(directory, 'outside');
  const passphraseFile = path.join(outside, 'keys', 'passphrase');
  const state = path.join(outside, 'state');
  await mkdir(path.dirname(passphraseFile), { recursive: true });
  await mkdir(state, { recursive: true });
  // PostgreSQL, which runs as another user when this runs as root, must be able to enter.
  await chmod(directory, 0o755);
  await writeFile(passphraseFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  await writeMissingSettings({ directory: projectDirectory });
  const project = await openProject(projectDirectory);
  const sites = { primary: path.join(directory, 'site-a'), recovery: path.join(directory, 'site-b') };
  await writeStackConfig(
    project,
    REHEARSAL_ENVIRONMENT,
    placed(values, { directory, sites, outside, ports: await freePorts() }),
    ' The environment of a rehearsal.'
  );
  return {
    directory,
    project,
    sites,
    outside,
    engineEnvironment: { PULUMI_BACKEND_URL: `file://${state}`, PULUMI_CONFIG_PASSPHRASE_FILE: passphraseFile },
  };
}

interface Ports {
  readonly databaseA: number;
  readonly databaseB: number;
  readonly cacheA: number;
  readonly cacheB: number;
  readonly applicationA: number;
  readonly applicationB: number;
  readonly traffic: number;
  readonly dns: number;
}

function placed(
  values: Record<string, unknown>,
  places: { directory: string; sites: RehearsalWorkspace['sites']; outside: string; ports: Ports }
): Record<string, unknown> {
  const { sites, outside, ports } = places;
  const traffic = values['traffic'] as { name: string };
  const { activeEndpoint, secrets, ...kept } = values;
  return {
    ...kept,
    role: 'primary',
    application: {
      ...(values['application'] as object),
      baseUrl: `http://${traffic.name}:${ports.traffic}/`,
    },
    site: {
      name: 'site-a',
      folder: sites.primary,
      address: ADDRESSES.siteA,
      ports: { database: ports.databaseA, cache: ports.cacheA, application: ports.applicationA },
    },
    recoverySite: {
      name: 'site-b',
      folder: sites.recovery,
      address: ADDRESSES.siteB,
      ports: { database: ports.databaseB, cache: ports.cacheB, application: ports.applicationB },
    },
    outside: { folder: outside },
    traffic: { ...traffic, port: ports.traffic, dns: { address: ADDRESSES.outside, port: ports.dns } },
  };
}

/** Ports that nothing listens on now. They are held open together, so that no two are the same. */
async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(
    Array.from(
      { length: 8 },
      () =>
        new Promise<net.Server>((resolve, reject) => {
          const server = net.createServer().once('error', reject);
          server.listen(0, '0.0.0.0', () => {
            resolve(server);
          });
        })
    )
  );
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(
    servers.map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
        })
    )
  );
  const [databaseA, databaseB, cacheA, cacheB, applicationA, applicationB, traffic, dns] = ports as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { databaseA, databaseB, cacheA, cacheB, applicationA, applicationB, traffic, dns };
}
