import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { DatabaseArgs, DatabaseLayer } from '../layers';
import type { RestoredFrom } from '../restored-from';
import type { LocalConfig, LocalSite, SiteFolders } from './config';
import { ownProgram } from '../package-root';
import { Postgresql, Process, type LocalProvider } from './resources';
import { DATABASE_PASSWORD } from '../secret-names';

const DATABASE_NAME = 'medplum';
const USERNAME = 'medplum';

/** The database of a site, and who uses it; the password is the secret `DATABASE_PASSWORD` of the site. */
export function databaseOf(site: LocalSite): { host: string; port: number; database: string; user: string } {
  return { host: site.address, port: site.ports.database, database: DATABASE_NAME, user: USERNAME };
}

/** Where a site's application is asked for its health and its version, past the load balancer. */
export function healthUrlOf(site: LocalSite): string {
  return `http://127.0.0.1:${site.ports.application}/healthcheck`;
}

/**
 * PostgreSQL with what protects it: the write-ahead log shipped to the other site without pause, and an agent there
 * takes base backups and marks recovery points.
 *
 * A recovered database is restored from a base backup and the log. The restore source counts at creation only:
 * changing or dropping it later never replaces the database.
 */
export class Database extends pulumi.ComponentResource implements DatabaseLayer {
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly databaseName: pulumi.Output<string>;
  readonly username: pulumi.Output<string>;
  readonly passwordSecret: pulumi.Output<string>;
  readonly restoredFrom: pulumi.Output<RestoredFrom | null>;

  constructor(
    name: string,
    args: DatabaseArgs & {
      config: LocalConfig;
      folders: SiteFolders;
      replicaAtOtherSite: string | undefined;
      keyFile: string;
      provider: LocalProvider;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:Database', name, {}, options);
    const { network, secrets, config, folders, provider, replicaAtOtherSite, restore } = args;
    const running = args.state === 'serving';
    const site = { live: network.networkId };
    const secretStore = pulumi.output(secrets.location).apply((storeFile) => ({ storeFile, keyFile: args.keyFile }));
    const server = new Postgresql(
      `${name}-postgresql`,
      {
        dataDirectory: pulumi.interpolate`${network.networkId}/database`,
        logFile: path.join(folders.logs, 'postgresql.log'),
        address: config.site.address,
        port: config.site.ports.database,
        username: USERNAME,
        databaseName: DATABASE_NAME,
        passwordSecret: DATABASE_PASSWORD,
        secretStore,
        archive:
          replicaAtOtherSite === undefined
            ? null
            : { directory: path.join(replicaAtOtherSite, 'wal'), timeoutSeconds: config.backup.walEvery },
        restore: restore === undefined ? null : restore.source,
        running,
        site,
      },
      {
        parent: this,
        provider,
        protect: true,
        ignoreChanges: ['restore'],
        customTimeouts: { create: '6h', update: '30m', delete: '10m' },
      }
    );
    if (replicaAtOtherSite !== undefined) {
      const agent = {
        replica: replicaAtOtherSite,
        dataDirectory: path.join(folders.live, 'database'),
        connection: databaseOf(config.site),
        healthUrl: healthUrlOf(config.site),
        markEverySeconds: config.backup.markEvery,
        baseEverySeconds: config.backup.baseEvery,
        keep: config.backup.keep,
      };
      new Process(
        `${name}-backup-agent`,
        {
          name: 'backup-agent',
          command: ownProgram('components', 'local', 'postgresql', 'backup-agent.js'),
          folder: network.networkId,
          environment: { MEDPLUM_DR_BACKUP_AGENT: JSON.stringify(agent) },
          secretEnvironment: { PGPASSWORD: DATABASE_PASSWORD },
          secretStore,
          logFile: path.join(folders.logs, 'backup-agent.log'),
          pidFile: path.join(folders.live, 'run', 'backup-agent.pid'),
          ready: { kind: 'started' },
          running,
          site,
        },
        { parent: this, provider, dependsOn: [server] }
      );
    }
    this.host = server.address;
    this.port = server.port;
    this.databaseName = pulumi.output(DATABASE_NAME);
    this.username = pulumi.output(USERNAME);
    this.passwordSecret = pulumi.output(DATABASE_PASSWORD);
    this.restoredFrom = server.restoredFrom;
    this.registerOutputs({
      host: this.host,
      port: this.port,
      databaseName: this.databaseName,
      username: this.username,
      passwordSecret: this.passwordSecret,
      restoredFrom: this.restoredFrom,
    });
  }
}
