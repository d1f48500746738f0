import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { Resolver } from 'node:dns/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { replicaIn } from '../automation/rehearsal/workspace';
import { programOnPath } from '../components/local/cache';
import { changeZone } from '../components/local/dns/zone';
import { findPostgresql } from '../components/local/postgresql/binaries';
import { runProgram } from '../components/local/postgresql/process';
import { serverStatus } from '../components/local/postgresql/server';
import { settingsText } from '../components/local/postgresql/settings';
import { startDaemon, until } from '../components/local/process/daemon';
import { replicatedObjectsIn } from '../components/local/object-storage';
import { replicatedStoreIn } from '../components/local/secrets';
import { readSecrets, secretsKey } from '../components/local/secrets-store/store';
import { ownProgram } from '../components/package-root';
import { checkHealth } from '../medplum/health';
import { stopwatch } from './stopwatch';
import type { LostEnvironment } from './lost-environment';

const run = promisify(execFile);
const LIMIT_MS = 300_000;

/** Seconds of each part of a restore by hand. */
export interface HandTimes {
  readonly copy: number;
  readonly replay: number;
  readonly application: number;
  readonly dns: number;
}

/**
 * The floor: what a careful operator does with a script, one thing after the other: copy base backup and objects, let
 * PostgreSQL replay, start Redis, the application and its load balancer, change DNS. Nothing is verified.
 */
export async function restoreByHand(environment: LostEnvironment): Promise<HandTimes> {
  const { workspace, config, baseId } = environment;
  const site = config.recoverySite;
  if (site === undefined) {
    throw new Error('the environment has no recovery site');
  }
  const replica = replicaIn(workspace);
  const live = path.join(workspace.sites.recovery, 'by-hand');
  const dataDirectory = path.join(live, 'database');
  const logs = path.join(live, 'logs');
  // An operator has these at hand.
  const postgresql = await findPostgresql();
  const secrets = await readSecrets(
    replicatedStoreIn(replica),
    await secretsKey(path.join(workspace.outside, 'keys', 'secrets.key'))
  );
  const secret = (name: string): string => secrets.get(name) ?? '';
  const seconds = stopwatch();

  await mkdir(logs, { recursive: true });
  await run('cp', ['-a', path.join(replica, 'base', baseId), dataDirectory]);
  await run('cp', ['-a', replicatedObjectsIn(replica), path.join(live, 'objects')]);
  const owner = postgresql.runAs;
  const giveToServer = (file: string): Promise<unknown> =>
    owner === undefined ? Promise.resolve() : run('chown', ['-R', `${owner.uid}:${owner.gid}`, file]);
  await giveToServer(dataDirectory);
  const copy = seconds();

  const settings = settingsText({ address: site.address, port: site.ports.database });
  // Without hot standby the server is ready only when it may be written to.
  const recovery = `restore_command = 'cp ${path.join(replica, 'wal')}/%f %p'\nhot_standby = off\n`;
  await writeFile(path.join(dataDirectory, 'conf.d', '10-server.conf'), settings + recovery);
  await writeFile(path.join(dataDirectory, 'recovery.signal'), '');
  await giveToServer(path.join(dataDirectory, 'recovery.signal'));
  const log = path.join(logs, 'postgresql.log');
  await writeFile(log, '');
  await giveToServer(log);
  const started = await runProgram(postgresql.pgCtl, ['start', '-w', '-t', '600', '-D', dataDirectory, '-l', log], {
    runAs: owner,
  });
  await reached(started.code === 0, 'PostgreSQL to start', log);
  const promoted = async (): Promise<boolean> => {
    const status = await serverStatus(dataDirectory);
    return status.state === 'running' && status.ready;
  };
  await reached(await until(promoted, LIMIT_MS), 'PostgreSQL to be promoted', log);
  const replay = seconds();

  const environmentOfPrograms = { PATH: process.env['PATH'] ?? '' };
  const begin = (name: string, command: readonly string[], variables: Record<string, string>): Promise<number> =>
    startDaemon({
      command,
      folder: live,
      environment: { ...environmentOfPrograms, ...variables },
      logFile: path.join(logs, `${name}.log`),
      pidFile: path.join(live, 'run', `${name}.pid`),
    });
  const redisServer = programOnPath('redis-server');
  if (redisServer !== undefined) {
    const lines = `bind ${site.address}\\nport ${site.ports.cache}\\nsave ""\\nappendonly no\\nrequirepass %s\\n`;
    const command = ['/bin/sh', '-c', `printf '${lines}' "$REDIS_PASSWORD" | exec "$0" -`, redisServer];
    await begin('redis', command, { REDIS_PASSWORD: secret('cachePassword') });
  }
  await begin('application', [...ownProgram('stand-in', 'main.js'), 'env'], {
    NODE_ENV: 'production',
    MEDPLUM_PORT: String(site.ports.application),
    MEDPLUM_BASE_URL: config.application.baseUrl,
    MEDPLUM_DATABASE_HOST: site.address,
    MEDPLUM_DATABASE_PORT: String(site.ports.database),
    MEDPLUM_DATABASE_DBNAME: 'medplum',
    MEDPLUM_DATABASE_USERNAME: 'medplum',
    MEDPLUM_DATABASE_PASSWORD: secret('databasePassword'),
    MEDPLUM_DATABASE_DISABLE_RUN_POST_DEPLOY_MIGRATIONS: 'true',
    MEDPLUM_BINARY_STORAGE: `file:${path.join(live, 'objects')}`,
    MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID: secret('superAdminClientId'),
    MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET: secret('superAdminClientSecret'),
    ...(redisServer === undefined
      ? {}
      : {
          MEDPLUM_REDIS_HOST: site.address,
          MEDPLUM_REDIS_PORT: String(site.ports.cache),
          MEDPLUM_REDIS_PASSWORD: secret('cachePassword'),
        }),
  });
  const endpoint = { address: site.address, port: config.traffic.port };
  const target = { address: '127.0.0.1', port: site.ports.application };
  await begin('load-balancer', ownProgram('components', 'local', 'load-balancer', 'main.js'), {
    MEDPLUM_DR_LOAD_BALANCER: JSON.stringify({ listen: endpoint, target }),
  });
  const healthy = async (): Promise<boolean> => {
    const answer = await checkHealth({ endpoint, baseUrl: config.application.baseUrl }, { timeoutMs: 5000 });
    return answer.kind === 'answered' && answer.status === 200 && answer.body?.postgres === true;
  };
  await reached(await until(healthy, LIMIT_MS), 'a healthy answer', path.join(logs, 'application.log'));
  const application = seconds();

  const { name, ttl, dns } = config.traffic;
  const record = { address: site.address, ttlSeconds: ttl, generation: 1, site: site.name };
  await changeZone(path.join(workspace.outside, 'dns', 'zone.json'), (zone) => ({
    ...zone,
    records: { ...zone.records, [name]: record },
  }));
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`${dns.address}:${dns.port}`]);
  const moved = async (): Promise<boolean> => (await resolver.resolve4(name)).includes(site.address);
  await reached(
    await until(moved, LIMIT_MS),
    `${name} to resolve`,
    path.join(workspace.outside, 'logs', 'name-server.log')
  );
  return { copy, replay, application, dns: seconds() };
}

async function reached(good: boolean, what: string, logFile: string): Promise<void> {
  if (!good) {
    throw new Error(
      `waited in vain for ${what}:\n${(await readFile(logFile, 'utf8')).split('\n').slice(-10).join('\n')}`
    );
  }
}
