import path from 'node:path';
import { commonSchema } from '../config';
import type { LayerFactories } from '../layers';
import type { ConfigContext, Platform, PlatformEnvironment } from '../platform';
import { Application } from './application';
import { Cache, programOnPath } from './cache';
import { localKeys, localSchema, outsideFolders, siteFolders, type LocalConfig } from './config';
import { Database } from './database';
import { Monitoring } from './monitoring';
import { Network } from './network';
import { ObjectStorage } from './object-storage';
import { copyConfig } from './quarantine/copy-config';
import { LocalProvider } from './resources';
import { Secrets } from './secrets';
import { localSiteOperations } from './operations';
import { Traffic } from './traffic';

/**
 * Config keys that are of one stack alone: what recovers it has others or none. Its secrets come from the replicated
 * store: in config they are sealed with the stack's own key.
 */
const OWN_KEYS: ReadonlySet<string> = new Set([
  ...['role', 'site', 'recoverySite', 'activeEndpoint', 'startDespite', 'siteRemoved'],
  ...['restore', 'quarantine', 'secrets'],
]);

/** The layers of one stack. Each side has a provider of its own: the site's, and that of what lies outside. */
function localLayers(config: LocalConfig, context: ConfigContext): LayerFactories {
  const { projectDirectory, stack } = context;
  const folders = siteFolders(projectDirectory, config.site, stack);
  const outside = outsideFolders(projectDirectory, config);
  const replicaAtOtherSite =
    config.recoverySite === undefined ? undefined : siteFolders(projectDirectory, config.recoverySite, stack).replica;
  const replicas = { replicaAtOtherSite, replicaRestoredFrom: config.restore?.source.replica };
  const siteProvider = new LocalProvider(`site-${config.site.name}`);
  let outsideProvider: LocalProvider | undefined;
  const outsideOnce = (): LocalProvider => (outsideProvider ??= new LocalProvider('outside'));
  const atSite = { folders, provider: siteProvider, keyFile: outside.secretsKey };
  return {
    network: (name, _args, options) => new Network(name, { site: config.site, ...atSite }, options),
    secrets: (name, args, options) => new Secrets(name, { ...args, ...atSite, ...replicas }, options),
    database: (name, args, options) => new Database(name, { ...args, ...atSite, config, replicaAtOtherSite }, options),
    cache: (name, args, options) =>
      new Cache(name, { ...args, ...atSite, site: config.site, redisServer: programOnPath('redis-server') }, options),
    objectStorage: (name, args, options) => new ObjectStorage(name, { ...args, ...atSite, ...replicas }, options),
    application: (name, args, options) => new Application(name, { ...args, ...atSite, config, stack }, options),
    traffic: (name, args, options) =>
      new Traffic(name, { ...args, config, stack, outside, provider: outsideOnce() }, options),
    monitoring: (name, args, options) =>
      new Monitoring(name, { ...args, config, outside, provider: outsideOnce() }, options),
  };
}

function load(values: Record<string, unknown>, context: ConfigContext): PlatformEnvironment {
  const parsed = localSchema.parse(values);
  const { folder } = parsed.application;
  const config: LocalConfig =
    folder === undefined
      ? parsed
      : { ...parsed, application: { ...parsed.application, folder: path.resolve(context.projectDirectory, folder) } };
  return {
    config: commonSchema.strip().parse({ ...values }),
    site: config.site.name,
    recoverySite: config.recoverySite?.name,
    isStandIn: config.application.command === undefined,
    controlDirectory: outsideFolders(context.projectDirectory, config).root,
    layers: () => localLayers(config, context),
    recoveryConfig(restore, quarantine) {
      const kept = Object.entries(values).filter(([key]) => !OWN_KEYS.has(key));
      const recovery = {
        ...Object.fromEntries(kept),
        role: 'recovery',
        site: values['recoverySite'],
        restore,
      };
      return quarantine === undefined ? recovery : copyConfig(recovery, quarantine);
    },
    protectionConfig: (other) => ({ recoverySite: other['site'] }),
    operations: () => localSiteOperations(config, context),
  };
}

export const platform: Platform = {
  name: 'local',
  roles: ['primary', 'recovery'],
  strategies: ['backup-restore'],
  knownKeys: localKeys,
  load,
};
