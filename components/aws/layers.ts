import type * as pulumi from '@pulumi/pulumi';
import type { LayerFactories } from '../layers';
import { Application } from './application';
import { Backups } from './backups';
import { Cache } from './cache';
import type { AwsConfig } from './config';
import { Database } from './database';
import { ExistingHome } from './existing-home';
import { Monitoring, HEALTH_METRICS_REGION } from './monitoring';
import { Network } from './network';
import { ObjectStorage } from './object-storage';
import { PromotedSite } from './promoted-site';
import { frontRegion, regionProvider } from './provider';
import { Secrets } from './secrets';
import { StandingBase, standingBase, type SiteBase } from './site-base';
import type { AwsContext } from './standing-arns';
import { StandbySite } from './standby-site';
import { Traffic } from './traffic';

/**
 * The layers of one stack. Each region has a provider of its own: the site's; the front's, which is never home's where
 * there is another; and that of the outage's alarm. A provider of a region that nothing is made in is not registered, as
 * it would be configured all the same.
 */
export function awsLayers(config: AwsConfig, context: AwsContext): LayerFactories {
  const site = once(() => regionProvider('site', config.site.region));
  const front = once(() => regionProvider('front', frontRegion(config)));
  const outage = once(() => regionProvider('outage-alarm', HEALTH_METRICS_REGION));
  let base: SiteBase | undefined;
  const baseBelow = (options: pulumi.ComponentResourceOptions): SiteBase =>
    (base ??=
      config.role === 'recovery'
        ? standingBase(config, context)
        : new StandingBase('medplum-base', { config, context, provider: site() }, options));
  const atSite = (
    options: pulumi.ComponentResourceOptions
  ): { config: AwsConfig; context: AwsContext; provider: pulumi.ProviderResource } & SiteBase => {
    const { keys, roles, logGroup } = baseBelow(options);
    return { config, context, provider: site(), keys, roles, logGroup };
  };
  const partialSite = partialSiteOf(config);
  return {
    network: (name, _args, options) => new Network(name, { config, context, provider: site() }, options),
    secrets: (name, args, options) => new Secrets(name, { ...args, ...atSite(options) }, options),
    cache: (name, args, options) =>
      new Cache(
        name,
        { ...atSite(options), network: made(args.network, Network), secrets: made(args.secrets, Secrets) },
        options
      ),
    objectStorage: (name, args, options) => new ObjectStorage(name, { ...args, ...atSite(options) }, options),
    database: (name, args, options) =>
      new Database(
        name,
        { ...args, ...atSite(options), network: made(args.network, Network), secrets: made(args.secrets, Secrets) },
        options
      ),
    application: (name, args, options) =>
      new Application(
        name,
        {
          ...atSite(options),
          network: made(args.network, Network),
          secrets: made(args.secrets, Secrets),
          data: args,
          state: args.state,
        },
        options
      ),
    traffic: (name, args, options) => new Traffic(name, { ...args, config, context, provider: front() }, options),
    monitoring: (name, args, options) =>
      new Monitoring(
        name,
        {
          ...args,
          config,
          context,
          home: config.siteRemoved === undefined ? homeOf(atSite(options)) : null,
          frontProvider: front(),
          outageProvider: outage(),
        },
        options
      ),
    ...(config.role === 'primary'
      ? {
          protection: (name, args, options) =>
            new Backups(name, { ...atSite(options), database: made(args.database, Database) }, options),
        }
      : {}),
    ...(partialSite === undefined
      ? {}
      : {
          partialSite: (name, args, options) =>
            partialSite(name, { ...args, config, context, base: baseBelow(options), provider: site() }, options),
        }),
  };
}

/** Undefined for a whole site: a managed home, and what is restored beside all that stands. */
function partialSiteOf(config: AwsConfig): PartialSiteMaker | undefined {
  const { role, restore, source } = config;
  switch (role) {
    case 'primary':
      return source.kind === 'existing'
        ? (name, args, options) => new ExistingHome(name, { ...args, source }, options)
        : undefined;
    case 'standby':
      return (name, args, options) => new StandbySite(name, args, options);
    case 'recovery':
      return restore?.source['kind'] === 'replica'
        ? (name, args, options) => new PromotedSite(name, args, options)
        : undefined;
  }
}

type PartialSiteMaker = (
  name: string,
  args: ConstructorParameters<typeof StandbySite>[1],
  options: pulumi.ComponentResourceOptions
) => StandbySite | ExistingHome | PromotedSite;

function homeOf({ keys, provider }: SiteBase & { provider: pulumi.ProviderResource }): {
  provider: pulumi.ProviderResource;
  keyArn: pulumi.Output<string>;
} {
  return { provider, keyArn: keys.keyArn };
}

function once<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}

/** A layer comes back as the contract that all platforms share; here it is known to be this platform's. */
function made<Layer>(layer: unknown, type: abstract new (...args: never[]) => Layer): Layer {
  if (layer instanceof type) {
    return layer;
  }
  throw new Error(`a layer of another platform was composed with those of AWS: ${type.name} expected`);
}
