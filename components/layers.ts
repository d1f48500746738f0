import type * as pulumi from '@pulumi/pulumi';
import type { ActiveEndpoint, Restore } from './config';
import type { RestoredFrom } from './restored-from';

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

/** What makes the other site able to stand alone, where that is more than the layers do by themselves. */
export type ProtectionLayer = pulumi.ComponentResource;

/**
 * A stack that is no whole site: what stands ready in a recovery region, what is added there on the day, or what protects
 * an environment that is not this program's. Null: not in this stack.
 */
export interface PartialSiteLayer extends pulumi.ComponentResource {
  readonly endpoint: pulumi.Output<{ address: string; port: number } | null>;
  readonly database: DatabaseLayer | null;
  readonly cache: CacheLayer | null;
  readonly binaryStorage: pulumi.Output<string | null>;
  readonly secretsLocation: pulumi.Output<string | null>;
}

export interface NetworkArgs {
  readonly state: SiteState;
}

export interface SecretsArgs {
  readonly network: NetworkLayer;
  /** Values from the operator, by name. */
  readonly values: pulumi.Input<Record<string, string>>;
  readonly restore: Restore | undefined;
}

export interface DatabaseArgs {
  readonly network: NetworkLayer;
  readonly secrets: SecretsLayer;
  readonly state: SiteState;
  readonly restore: Restore | undefined;
}

export interface CacheArgs {
  readonly network: NetworkLayer;
  readonly secrets: SecretsLayer;
  readonly state: SiteState;
}

export interface ObjectStorageArgs {
  readonly network: NetworkLayer;
  readonly state: SiteState;
  readonly restore: Restore | undefined;
}

export interface ApplicationArgs {
  readonly network: NetworkLayer;
  readonly secrets: SecretsLayer;
  readonly database: DatabaseLayer;
  readonly cache: CacheLayer;
  readonly objectStorage: ObjectStorageLayer;
  readonly state: SiteState;
}

export interface ProtectionArgs {
  readonly database: DatabaseLayer;
}

export interface PartialSiteArgs {
  /** Values from the operator, by name. */
  readonly values: pulumi.Input<Record<string, string>>;
  readonly state: SiteState;
  readonly restore: Restore | undefined;
}

export interface TrafficArgs {
  /** Name of the site of this stack, and where it answers; null once that site is removed. */
  readonly site: string;
  readonly siteEndpoint: pulumi.Input<{ address: string; port: number } | null>;
  /** From config after a cutover, so that the record depends on no resource of a lost site. */
  readonly active: ActiveEndpoint | undefined;
}

export interface MonitoringArgs {
  readonly traffic: TrafficLayer;
}

type Factory<Args, Layer> = (name: string, args: Args, options: pulumi.ComponentResourceOptions) => Layer;

/** One platform's layers, ready to be composed. Each call makes one component. */
export interface LayerFactories {
  readonly network: Factory<NetworkArgs, NetworkLayer>;
  readonly secrets: Factory<SecretsArgs, SecretsLayer>;
  readonly database: Factory<DatabaseArgs, DatabaseLayer>;
  readonly cache: Factory<CacheArgs, CacheLayer>;
  readonly objectStorage: Factory<ObjectStorageArgs, ObjectStorageLayer>;
  readonly application: Factory<ApplicationArgs, ApplicationLayer>;
  readonly traffic: Factory<TrafficArgs, TrafficLayer>;
  readonly monitoring: Factory<MonitoringArgs, MonitoringLayer>;
  readonly protection?: Factory<ProtectionArgs, ProtectionLayer>;
  /** Made in place of the layers of a whole site. */
  readonly partialSite?: Factory<PartialSiteArgs, PartialSiteLayer>;
}
