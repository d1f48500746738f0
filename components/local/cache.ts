import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { CacheArgs, CacheLayer } from '../layers';
import type { LocalSite, SiteFolders } from './config';
import { Process, type LocalProvider } from './resources';
import { CACHE_PASSWORD } from '../secret-names';

/** Full path of a program on PATH. */
export function programOnPath(program: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, program))
    .find((candidate) => {
      try {
        accessSync(candidate, constants.X_OK);
        return true;
      } catch {
        // Not in this folder.
        return false;
      }
    });
}

/** Redis, which keeps nothing on disk: a site always starts with an empty one. None where the machine has no Redis. */
export class Cache extends pulumi.ComponentResource implements CacheLayer {
  readonly connection: pulumi.Output<{ host: string; port: number; passwordSecret: string } | null>;

  constructor(
    name: string,
    args: CacheArgs & {
      site: LocalSite;
      folders: SiteFolders;
      keyFile: string;
      provider: LocalProvider;
      /** Full path of `redis-server`; undefined where the machine has none. */
      redisServer: string | undefined;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:Cache', name, {}, options);
    const { network, secrets, site, folders, provider, redisServer } = args;
    if (redisServer === undefined) {
      void pulumi.log.info('redis-server is not on PATH: this environment runs without a cache', this);
      this.connection = pulumi.output(null);
    } else {
      // The password goes in by standard input, from the environment: never as an argument or in a file.
      const settings = `bind ${site.address}\\nport ${site.ports.cache}\\nsave ""\\nappendonly no\\nrequirepass %s\\n`;
      const redis = new Process(
        `${name}-redis`,
        {
          name: 'redis',
          command: ['/bin/sh', '-c', `printf '${settings}' "$REDIS_PASSWORD" | exec "$0" -`, redisServer],
          folder: network.networkId,
          environment: {},
          secretEnvironment: { REDIS_PASSWORD: CACHE_PASSWORD },
          secretStore: pulumi.output(secrets.location).apply((storeFile) => ({ storeFile, keyFile: args.keyFile })),
          logFile: path.join(folders.logs, 'redis.log'),
          pidFile: path.join(folders.live, 'run', 'redis.pid'),
          ready: { kind: 'tcp', address: site.address, port: site.ports.cache, timeoutSeconds: 10 },
          running: args.state === 'serving',
          site: { live: network.networkId },
        },
        { parent: this, provider }
      );
      this.connection = redis.id.apply(() => ({
        host: site.address,
        port: site.ports.cache,
        passwordSecret: CACHE_PASSWORD,
      }));
    }
    this.registerOutputs({ connection: this.connection });
  }
}
