import { Resolver } from 'node:dns/promises';
import { access } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { OperatorError } from '../../errors';
import type { ConfigContext } from '../../platform';
import type { SiteOperations, SiteOutputs, StoredObject } from '../../site-operations';
import { outsideFolders, siteFolders, type LocalConfig, type LocalSite, type SiteFolders } from '../config';
import { listRecoveryPoints } from '../postgresql/recovery-points';
import { readAttempts } from '../quarantine/attempts';
import { attemptsFile } from '../quarantine/settings';
import { readSecrets, secretsKey } from '../secrets-store/store';
import { readWatcherEvents } from '../watcher/events';
import { removeFence } from '../guard/mark';
import { siteCondition } from './condition';
import { drain } from './drain';
import { fenceSite } from './fence';
import { preflight } from './preflight';
import { planRestore, toRecoveryPoint } from './recovery-points';
import { removeCopies, remains, type RemainsContext } from './remains';
import { folderSize } from '../folder-size';
import { restoreProgress } from './restore-progress';
import { stopApplication } from './stop-application';

/** What the driver may do with the sites of an environment on this machine. */
export function localSiteOperations(config: LocalConfig, context: ConfigContext): SiteOperations {
  const outside = outsideFolders(context.projectDirectory, config);
  const recoverySite = (): LocalSite => {
    if (config.recoverySite === undefined) {
      throw new OperatorError('bad-input', `Environment "${context.stack}" has no recovery site.`, {
        hint: `Add medplum-dr:recoverySite to stacks/Pulumi.${context.stack}.yaml.`,
      });
    }
    return config.recoverySite;
  };
  const folders = (): SiteFolders => siteFolders(context.projectDirectory, config.site, context.stack);
  const live = (): string => folders().live;
  const replica = (): string => siteFolders(context.projectDirectory, recoverySite(), context.stack).replica;
  const remainsContext = (): RemainsContext => ({
    stack: context.stack,
    site: config.site,
    folders: folders(),
    protectedAt: config.recoverySite === undefined ? null : { site: config.recoverySite, replica: replica() },
  });
  const secret = async (outputs: SiteOutputs, name: string): Promise<string | null> =>
    (await readSecrets(outputs.secretsLocation, await secretsKey(outside.secretsKey))).get(name) ?? null;

  return {
    preflight: (recoveryStack) => preflight({ config, context, outside, recoverySite: recoverySite(), recoveryStack }),
    recoveryPoints: async () => {
      const { points } = await listRecoveryPoints(replica());
      return points.map((point) => toRecoveryPoint(point, replica()));
    },
    continuousWindow: async () => {
      const { window } = await listRecoveryPoints(replica());
      return window === null
        ? null
        : { from: window.from.toISOString(), to: (window.provenTo ?? window.from).toISOString() };
    },
    planRestore: (target) => planRestore(replica(), target),
    blockedAttempts: (recoveryStack) =>
      readAttempts(attemptsFile(siteFolders(context.projectDirectory, recoverySite(), recoveryStack))),
    stopApplication: () => stopApplication(live()),
    drain: async (wait) =>
      drain(
        {
          site: config.site,
          folders: folders(),
          replica: replica(),
          keyFile: outside.secretsKey,
          fence: () => fenceSite(config, live()),
        },
        wait
      ),
    restoreProgress: async (recoveryStack) =>
      restoreProgress(siteFolders(context.projectDirectory, recoverySite(), recoveryStack)),
    protectionProgress: async () => {
      const bytes = await folderSize(replica());
      return bytes === null ? null : `${Math.round(bytes / 1e6)} MB at ${recoverySite().name}`;
    },
    remains: () => remains(remainsContext()),
    removeRemains: () => removeCopies(remainsContext()),
    fence: () => fenceSite(config, live()),
    unfence: () => removeFence(live()),
    condition: () => siteCondition(config, live()),
    secret,
    connectDatabase: async (outputs) => {
      const { host, port, name, username, passwordSecret } = outputs.database;
      const password = await secret(outputs, passwordSecret);
      if (password === null) {
        throw new OperatorError('recovery-failed', `The secret store has no "${passwordSecret}".`, {
          hint: `Look at ${outputs.secretsLocation}.`,
        });
      }
      const client = new pg.Client({
        host,
        port,
        database: name,
        user: username,
        password,
        connectionTimeoutMillis: 10_000,
      });
      await client.connect();
      return client;
    },
    missingObjects: (outputs, objects) => missingObjects(outputs.binaryStorage.replace(/^file:/, ''), objects),
    resolve: async () => {
      const { address, port } = config.traffic.dns;
      const resolver = new Resolver({ timeout: 1000, tries: 3 });
      resolver.setServers([`${address}:${port}`]);
      const records = await resolver.resolve4(config.traffic.name, { ttl: true });
      return { addresses: records.map((record) => record.address), ttlSeconds: records[0]?.ttl ?? 0 };
    },
    lastOutage: async () => {
      const last = (await readWatcherEvents(outside.monitoring)).at(-1);
      return last?.kind === 'outage' ? last : null;
    },
  };
}

async function missingObjects(folder: string, objects: readonly StoredObject[]): Promise<StoredObject[]> {
  const missing: StoredObject[] = [];
  const remaining = [...objects];
  const worker = async (): Promise<void> => {
    for (let object = remaining.pop(); object !== undefined; object = remaining.pop()) {
      try {
        await access(path.join(folder, object.id, object.versionId));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          throw error;
        }
        missing.push(object);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return missing;
}
