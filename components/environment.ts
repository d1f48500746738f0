import * as pulumi from '@pulumi/pulumi';
import type { CommonConfig } from './config';
import type { LayerFactories, PartialSiteLayer, SiteState } from './layers';
import type { RestoredFrom } from './restored-from';

export interface EnvironmentArgs {
  readonly config: CommonConfig;
  /** Name of this stack, and of the site that it is. */
  readonly stack: string;
  readonly site: string;
  readonly layers: LayerFactories;
  /** Values for the secret store, as Pulumi secrets. */
  readonly secrets: pulumi.Input<Record<string, string>>;
}

/** Name of the traffic component below an environment: the only target of a cutover's update. */
export const TRAFFIC_TYPE_SUFFIX = ':Traffic';

/**
 * One self-hosted Medplum at one site, composed of a platform's layers. It knows no platform.
 *
 * Nothing but the application waits for the database, so a restore and the provisioning of everything else go on side
 * by side. Only a primary has the traffic and monitoring layers: the environment keeps one front for its whole life.
 */
export class Environment extends pulumi.ComponentResource {
  /** Null, as what follows of the site, once the site is removed. */
  readonly siteEndpoint: pulumi.Output<{ address: string; port: number } | null>;
  readonly endpoint: pulumi.Output<{ name: string; address: string; port: number; site: string } | null>;
  readonly database: pulumi.Output<{
    host: string;
    port: number;
    name: string;
    username: string;
    passwordSecret: string;
    restoredFrom: RestoredFrom | null;
  } | null>;
  readonly cache: pulumi.Output<{ host: string; port: number; passwordSecret: string } | null>;
  readonly binaryStorage: pulumi.Output<string | null>;
  readonly secretsLocation: pulumi.Output<string | null>;

  constructor(name: string, args: EnvironmentArgs, options?: pulumi.ComponentResourceOptions) {
    super('medplum-dr:index:Environment', name, {}, options);
    const { config, layers, site } = args;
    const { activeEndpoint: active } = config;
    const child: pulumi.ComponentResourceOptions = { parent: this };
    const made = config.siteRemoved !== undefined ? null : siteLayers(name, args, child);
    this.siteEndpoint = pulumi.output(made?.endpoint ?? null);
    this.endpoint = pulumi.output(null);
    if (config.role === 'primary') {
      const traffic = layers.traffic(`${name}-traffic`, { site, siteEndpoint: this.siteEndpoint, active }, child);
      layers.monitoring(`${name}-monitoring`, { traffic }, child);
      this.endpoint = traffic.endpoint;
    }
    const database = made?.database ?? null;
    this.database = pulumi.output(
      database === null
        ? null
        : {
            host: database.host,
            port: database.port,
            name: database.databaseName,
            username: database.username,
            passwordSecret: database.passwordSecret,
            restoredFrom: database.restoredFrom,
          }
    );
    this.cache = pulumi.output(made?.cache?.connection ?? null);
    this.binaryStorage = pulumi.output(made?.binaryStorage ?? null);
    this.secretsLocation = pulumi.output(made?.secretsLocation ?? null);
    this.registerOutputs({
      siteEndpoint: this.siteEndpoint,
      endpoint: this.endpoint,
      database: this.database,
      cache: this.cache,
      binaryStorage: this.binaryStorage,
      secretsLocation: this.secretsLocation,
    });
  }
}

/** What a site is made of: all that goes when the site goes. */
function siteLayers(name: string, args: EnvironmentArgs, child: pulumi.ComponentResourceOptions): SiteLayers {
  const { config, layers, stack } = args;
  const { restore, activeEndpoint: active, startDespite } = config;
  const serves = active === undefined || active.stack === stack || startDespite !== undefined;
  const state: SiteState = serves ? 'serving' : 'fenced';
  if (layers.partialSite !== undefined) {
    return layers.partialSite(`${name}-site`, { values: args.secrets, state, restore }, child);
  }
  const network = layers.network(`${name}-network`, { state }, child);
  const secrets = layers.secrets(`${name}-secrets`, { network, values: args.secrets, restore }, child);
  const cache = layers.cache(`${name}-cache`, { network, secrets, state }, child);
  const objectStorage = layers.objectStorage(`${name}-object-storage`, { network, state, restore }, child);
  const database = layers.database(`${name}-database`, { network, secrets, state, restore }, child);
  const application = layers.application(
    `${name}-application`,
    { network, secrets, database, cache, objectStorage, state },
    child
  );
  layers.protection?.(`${name}-protection`, { database }, child);
  return {
    endpoint: application.endpoint,
    database,
    cache,
    binaryStorage: objectStorage.binaryStorage,
    secretsLocation: secrets.location,
  };
}

type SiteLayers = Pick<PartialSiteLayer, 'endpoint' | 'database' | 'cache' | 'binaryStorage' | 'secretsLocation'>;
