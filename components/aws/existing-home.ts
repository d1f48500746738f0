import * as pulumi from '@pulumi/pulumi';
import type { PartialSiteLayer } from '../layers';
import { Backups } from './backups';
import type { AwsConfig } from './config';
import { ObjectStorage } from './object-storage';
import type { AwsPartialSiteArgs } from './partial-site';
import { TLS_PORT } from './ports';

/**
 * Home of an environment that something else made: Medplum's CDK, its Terraform, a person. Only its protection is made
 * here: backups of its database, and a replication rule on its bucket where it has none. Nothing of it is rebuilt,
 * imported or changed otherwise.
 */
export class ExistingHome extends pulumi.ComponentResource implements PartialSiteLayer {
  readonly endpoint: pulumi.Output<{ address: string; port: number } | null>;
  /** What it is like is known to AWS, and to the driver that looks there. */
  readonly database = null;
  readonly cache = null;
  readonly binaryStorage: pulumi.Output<string | null>;
  readonly secretsLocation: pulumi.Output<string | null>;

  constructor(
    name: string,
    args: AwsPartialSiteArgs & { readonly source: Extract<AwsConfig['source'], { kind: 'existing' }> },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:ExistingHome', name, {}, options);
    const { config, context, base, provider, restore, source } = args;
    const { keys, roles } = base;
    const site = { config, context, keys, roles, provider };
    const storage = new ObjectStorage(`${name}-object-storage`, { ...site, restore }, { parent: this });
    new Backups(`${name}-backups`, { ...site, database: undefined }, { parent: this });
    this.endpoint = pulumi.output({ address: source.loadBalancer.dnsName, port: TLS_PORT });
    this.binaryStorage = storage.binaryStorage;
    this.secretsLocation = pulumi.output(source.configPath);
    this.registerOutputs({ endpoint: this.endpoint, binaryStorage: this.binaryStorage });
  }
}
