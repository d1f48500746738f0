import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { ApplicationArgs, ApplicationLayer } from '../layers';
import type { LocalConfig, SiteFolders } from './config';
import { guardSettings } from './guard/settings';
import { ownProgram } from '../package-root';
import { operatorSettings } from './quarantine/settings';
import { Process, type LocalProvider } from './resources';
import { DATABASE_PASSWORD, SUPER_ADMIN_CLIENT_ID, SUPER_ADMIN_CLIENT_SECRET } from '../secret-names';

/**
 * The Medplum server of the site, configured by Medplum's own `MEDPLUM_*` names, behind the site's load balancer.
 * Without a command in config it is the stand-in of this package.
 */
export class Application extends pulumi.ComponentResource implements ApplicationLayer {
  readonly endpoint: pulumi.Output<{ address: string; port: number }>;

  constructor(
    name: string,
    args: ApplicationArgs & {
      config: LocalConfig;
      /** Name of this stack. */
      stack: string;
      folders: SiteFolders;
      keyFile: string;
      provider: LocalProvider;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:Application', name, {}, options);
    const { network, secrets, database, cache, objectStorage, config, folders, provider } = args;
    const { site, application, traffic, role } = config;
    const running = args.state === 'serving';
    const operator = operatorSettings(config, folders);
    const environment = cache.connection.apply((connection) => ({
      NODE_ENV: 'production',
      MEDPLUM_PORT: String(site.ports.application),
      MEDPLUM_BASE_URL: application.baseUrl,
      MEDPLUM_DATABASE_HOST: database.host,
      MEDPLUM_DATABASE_PORT: pulumi.interpolate`${database.port}`,
      MEDPLUM_DATABASE_DBNAME: database.databaseName,
      MEDPLUM_DATABASE_USERNAME: database.username,
      MEDPLUM_BINARY_STORAGE: objectStorage.binaryStorage,
      ...(connection === null
        ? {}
        : { MEDPLUM_REDIS_HOST: connection.host, MEDPLUM_REDIS_PORT: String(connection.port) }),
      // Any value switches them off (seen on Medplum 5.0.10): a recovered database is not migrated before it is kept.
      ...(role === 'recovery' ? { MEDPLUM_DATABASE_DISABLE_RUN_POST_DEPLOY_MIGRATIONS: 'true' } : {}),
      ...operator.environment,
    }));
    const secretEnvironment = cache.connection.apply((connection) => ({
      MEDPLUM_DATABASE_PASSWORD: DATABASE_PASSWORD,
      MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID: SUPER_ADMIN_CLIENT_ID,
      MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET: SUPER_ADMIN_CLIENT_SECRET,
      ...(connection === null ? {} : { MEDPLUM_REDIS_PASSWORD: connection.passwordSecret }),
      ...operator.secretEnvironment,
    }));
    const internal = { address: '127.0.0.1', port: site.ports.application };
    const server = new Process(
      `${name}-server`,
      {
        name: 'application',
        command: application.command ?? [...ownProgram('stand-in', 'main.js'), 'env'],
        folder: application.folder ?? network.networkId,
        environment,
        secretEnvironment,
        secretStore: pulumi.output(secrets.location).apply((storeFile) => ({ storeFile, keyFile: args.keyFile })),
        logFile: path.join(folders.logs, 'application.log'),
        pidFile: path.join(folders.live, 'run', 'application.pid'),
        ready: {
          kind: 'http',
          url: `http://${internal.address}:${internal.port}/healthcheck`,
          timeoutSeconds: application.startTimeout,
        },
        running,
        site: { live: network.networkId },
      },
      { parent: this, provider, customTimeouts: { create: '30m', update: '30m' } }
    );
    const balancer = new Process(
      `${name}-load-balancer`,
      {
        name: 'load-balancer',
        command: ownProgram('components', 'local', 'load-balancer', 'main.js'),
        folder: network.networkId,
        environment: {
          MEDPLUM_DR_LOAD_BALANCER: JSON.stringify({
            listen: { address: site.address, port: traffic.port },
            target: internal,
            guard: guardSettings(config, args.stack, folders.live),
          }),
        },
        logFile: path.join(folders.logs, 'load-balancer.log'),
        pidFile: path.join(folders.live, 'run', 'load-balancer.pid'),
        ready: { kind: 'tcp', address: site.address, port: traffic.port, timeoutSeconds: 10 },
        running,
        site: { live: network.networkId },
      },
      { parent: this, provider }
    );
    this.endpoint = pulumi.all([server.id, balancer.id]).apply(() => ({ address: site.address, port: traffic.port }));
    this.registerOutputs({ endpoint: this.endpoint });
  }
}
