import * as pulumi from '@pulumi/pulumi';
import type { CommonConfig } from './config';
import type { LayerFactories, SiteState } from './layers';
import type { RestoredFrom } from './restored-from';

export interface EnvironmentArgs {
  readonly config: CommonConfig;
  /** Name of the site that this stack is. */
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
  readonly siteEndpoint: pulumi.Output<{ address: string; port: number }>;
  readonly endpoint: pulumi.Output<{ name: string; address: string; port: number; site: string } | null>;
  readonly database: pulumi.Output<{
    host: string;
    port: number;
    name: string;
    username: string;
    passwordSecret: string;
    restoredFrom: RestoredFrom | null;
  }>;
  readonly cache: pulumi.Output<{ host: string; port: number; passwordSecret: string } | null>;
  readonly binaryStorage: pulumi.Output<string>;
  readonly secretsLocation: pulumi.Output<string>;

  constructor(name: string, args: EnvironmentArgs, options?: pulumi.ComponentResourceOptions) {
    super('medplum-dr:index:Environment', name, {}, options);
    const { config, layers, site } = args;
    const { restore, activeEndpoint: active } = config;
    const state: SiteState = active === undefined || active.site === site ? 'serving' : 'fenced';
    const child: pulumi.ComponentResourceOptions = { parent: this };

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

    this.siteEndpoint = application.endpoint;
    this.endpoint = pulumi.output(null);
    if (config.role === 'primary') {
      const siteEndpoint = application.endpoint;
      const traffic = layers.traffic(`${name}-traffic`, { site, siteEndpoint, active }, child);
      layers.monitoring(`${name}-monitoring`, { traffic }, child);
      this.endpoint = traffic.endpoint;
    }
    this.database = pulumi.output({
      host: database.host,
      port: database.port,
      name: database.databaseName,
      username: database.username,
      passwordSecret: database.passwordSecret,
      restoredFrom: database.restoredFrom,
    });
    this.cache = cache.connection;
    this.binaryStorage = objectStorage.binaryStorage;
    this.secretsLocation = secrets.location;
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
