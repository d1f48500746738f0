import type * as pulumi from '@pulumi/pulumi';
import type { ActiveEndpoint, Restore } from './config';

/*
 * The contract of each layer: what it is given and what it gives, the same on every platform.
 * Platform settings (sizes, classes, regions) are not here: a platform's factories hold them from its own config.
 * What decides the shape of the graph is plain TypeScript; what another resource could supply is a pulumi.Input.
 */

/** Whether the site serves the environment. A site that traffic has left is kept stopped: it is fenced. */
export type SiteState = 'serving' | 'fenced';

/** Network of one site: VPC, VNet, namespace, or a folder and loopback addresses. */
export interface NetworkLayer extends pulumi.ComponentResource {
  /** Platform's id of the network: VPC id, namespace name, folder. */
  readonly networkId: pulumi.Output<string>;
}

/** Where the site's secrets are read from; never the secrets themselves. */
export interface SecretsLayer extends pulumi.ComponentResource {
  /** SSM path, Secret Manager name, Key Vault, Kubernetes Secret or store file. */
  readonly location: pulumi.Output<string>;
}

/** What a database restored itself from, told by the platform once it is done. */
export interface RestoredFrom {
  /** Id of the backup that was used. */
  readonly backup: string;
  /** Backups that failed their check and were passed over. */
  readonly skipped: readonly { readonly id: string; readonly reasons: readonly string[] }[];
  /** Position in the write-ahead log, where the platform tells it. */
  readonly replayedTo: string | null;
  /** Why less was replayed than has been shipped: a missing or damaged piece of the log. Null: all of it was. */
  readonly shortfall: string | null;
}

export interface DatabaseLayer extends pulumi.ComponentResource {
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly databaseName: pulumi.Output<string>;
  readonly username: pulumi.Output<string>;
  /** Name of the password in the site's secrets. */
  readonly passwordSecret: pulumi.Output<string>;
  /** Null for a database that was not restored. */
  readonly restoredFrom: pulumi.Output<RestoredFrom | null>;
}

/** Redis. It starts empty in a recovery: a cache from before the loss would serve records the database lost. */
export interface CacheLayer extends pulumi.ComponentResource {
  readonly connection: pulumi.Output<{ host: string; port: number; passwordSecret: string } | null>;
}

export interface ObjectStorageLayer extends pulumi.ComponentResource {
  /** Medplum's `binaryStorage` setting: `s3:<bucket>`, `azure:<account>:<container>`, `gs:<bucket>`, `file:<dir>`. */
  readonly binaryStorage: pulumi.Output<string>;
}

export interface ApplicationLayer extends pulumi.ComponentResource {
  /** Where the site answers, before any DNS name of the environment points at it. */
  readonly endpoint: pulumi.Output<{ address: string; port: number }>;
}

export interface TrafficLayer extends pulumi.ComponentResource {
  /** The environment's public address and the site it leads to. */
  readonly endpoint: pulumi.Output<{ name: string; address: string; port: number; site: string }>;
}

export type MonitoringLayer = pulumi.ComponentResource;

/** One platform's layers, ready to be composed. Each call makes one component. */
export interface LayerFactories {
  network(name: string, args: { state: SiteState }, options: pulumi.ComponentResourceOptions): NetworkLayer;
  secrets(
    name: string,
    args: { network: NetworkLayer; values: pulumi.Input<Record<string, string>>; restore: Restore | undefined },
    options: pulumi.ComponentResourceOptions
  ): SecretsLayer;
  database(
    name: string,
    args: { network: NetworkLayer; secrets: SecretsLayer; state: SiteState; restore: Restore | undefined },
    options: pulumi.ComponentResourceOptions
  ): DatabaseLayer;
  cache(
    name: string,
    args: { network: NetworkLayer; secrets: SecretsLayer; state: SiteState },
    options: pulumi.ComponentResourceOptions
  ): CacheLayer;
  objectStorage(
    name: string,
    args: { network: NetworkLayer; state: SiteState; restore: Restore | undefined },
    options: pulumi.ComponentResourceOptions
  ): ObjectStorageLayer;
  application(
    name: string,
    args: {
      network: NetworkLayer;
      secrets: SecretsLayer;
      database: DatabaseLayer;
      cache: CacheLayer;
      objectStorage: ObjectStorageLayer;
      state: SiteState;
    },
    options: pulumi.ComponentResourceOptions
  ): ApplicationLayer;
  /** `active` comes from config after a cutover, so that the record depends on no resource of a lost site. */
  traffic(
    name: string,
    args: {
      site: string;
      siteEndpoint: pulumi.Input<{ address: string; port: number }>;
      active: ActiveEndpoint | undefined;
    },
    options: pulumi.ComponentResourceOptions
  ): TrafficLayer;
  monitoring(name: string, args: { traffic: TrafficLayer }, options: pulumi.ComponentResourceOptions): MonitoringLayer;
}
