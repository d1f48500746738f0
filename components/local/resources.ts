import * as pulumi from '@pulumi/pulumi';
import type { RestoredFrom } from '../restored-from';

/** The provider of one site, or of what lies outside both: each is a provider of its own, as regions are. */
export class LocalProvider extends pulumi.ProviderResource {
  constructor(name: string, options?: pulumi.ResourceOptions) {
    super('medplum-local', name, {}, options);
  }
}

type Inputs<Shape> = { [Key in keyof Shape]: pulumi.Input<Shape[Key]> };

export interface SecretStoreReference {
  storeFile: string;
  keyFile: string;
}

export class Site extends pulumi.CustomResource {
  declare readonly live: pulumi.Output<string>;

  constructor(
    name: string,
    args: Inputs<{ name: string; root: string; live: string; address: string }>,
    options: pulumi.CustomResourceOptions
  ) {
    super('medplum-local:index:Site', name, { ...args, present: undefined }, options);
  }
}

export class SecretStore extends pulumi.CustomResource {
  declare readonly storeFile: pulumi.Output<string>;

  constructor(
    name: string,
    args: Inputs<{
      storeFile: string;
      keyFile: string;
      generate: Record<string, 'password' | 'uuid'>;
      values: Record<string, string>;
      replicaFile: string | null;
      restoreFrom: string | null;
    }> & { site: { live: pulumi.Input<string> } },
    options: pulumi.CustomResourceOptions
  ) {
    super('medplum-local:index:SecretStore', name, { ...args, names: undefined }, options);
  }
}

export class Postgresql extends pulumi.CustomResource {
  declare readonly address: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  declare readonly status: pulumi.Output<string>;
  declare readonly restoredFrom: pulumi.Output<RestoredFrom | null>;

  constructor(
    name: string,
    args: Inputs<{
      dataDirectory: string;
      logFile: string;
      address: string;
      port: number;
      username: string;
      databaseName: string;
      passwordSecret: string;
      secretStore: SecretStoreReference;
      archive: { directory: string; timeoutSeconds: number } | null;
      restore: Record<string, unknown> | null;
      running: boolean;
    }> & { site: { live: pulumi.Input<string> } },
    options: pulumi.CustomResourceOptions
  ) {
    super('medplum-local:index:Postgresql', name, { ...args, status: undefined, restoredFrom: undefined }, options);
  }
}

export class ObjectStore extends pulumi.CustomResource {
  declare readonly folder: pulumi.Output<string>;

  constructor(
    name: string,
    args: Inputs<{ folder: string; restoreFrom: string | null }> & { site: { live: pulumi.Input<string> } },
    options: pulumi.CustomResourceOptions
  ) {
    super('medplum-local:index:ObjectStore', name, { ...args, present: undefined }, options);
  }
}

export type Readiness =
  | { kind: 'started' }
  | { kind: 'http'; url: string; timeoutSeconds: number }
  | { kind: 'tcp'; address: string; port: number; timeoutSeconds: number };

export interface ProcessArgs {
  name: string;
  command: string[];
  folder: pulumi.Input<string>;
  environment: pulumi.Input<Record<string, pulumi.Input<string>>>;
  secretEnvironment?: pulumi.Input<Record<string, string>>;
  secretStore?: pulumi.Input<SecretStoreReference>;
  logFile: string;
  pidFile: string;
  ready: Readiness;
  running: boolean;
  site: { live: pulumi.Input<string> } | null;
}

export class Process extends pulumi.CustomResource {
  declare readonly status: pulumi.Output<string>;

  constructor(name: string, args: ProcessArgs, options: pulumi.CustomResourceOptions) {
    const inputs = { ...args, secretEnvironment: args.secretEnvironment ?? {}, secretStore: args.secretStore ?? null };
    super('medplum-local:index:Process', name, { ...inputs, status: undefined }, options);
  }
}

export class DnsRecord extends pulumi.CustomResource {
  declare readonly name: pulumi.Output<string>;
  declare readonly address: pulumi.Output<string>;
  declare readonly site: pulumi.Output<string>;

  constructor(
    name: string,
    args: Inputs<{
      zoneFile: string;
      name: string;
      address: string;
      ttlSeconds: number;
      site: string;
      stack: string;
      replaces: string | null;
      generation: number;
      server: { address: string; port: number };
    }>,
    options: pulumi.CustomResourceOptions
  ) {
    super('medplum-local:index:DnsRecord', name, { ...args, current: undefined }, options);
  }
}
