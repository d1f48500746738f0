import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { SecretsArgs, SecretsLayer } from '../layers';
import { CACHE_PASSWORD, DATABASE_PASSWORD, SUPER_ADMIN_CLIENT_ID, SUPER_ADMIN_CLIENT_SECRET } from '../secret-names';
import { SecretStore, type LocalProvider } from './resources';

/** Where a site keeps its secrets, and where the other site's copy of them comes to lie. */
export function storeFileIn(live: string): string {
  return path.join(live, 'secrets', 'store.json');
}
export function replicatedStoreIn(replica: string): string {
  return path.join(replica, 'secrets.json');
}

/** The environment's secrets, sealed at rest, with a copy at the recovery site. */
export class Secrets extends pulumi.ComponentResource implements SecretsLayer {
  readonly location: pulumi.Output<string>;

  constructor(
    name: string,
    args: SecretsArgs & {
      /** The other site's replica folder; undefined where there is no other site. */
      replicaAtOtherSite: string | undefined;
      keyFile: string;
      /** The replica that a recovery starts from; undefined in an environment that is new. */
      replicaRestoredFrom: string | undefined;
      provider: LocalProvider;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:Secrets', name, {}, options);
    const { network, provider, replicaAtOtherSite, replicaRestoredFrom } = args;
    const store = new SecretStore(
      `${name}-store`,
      {
        storeFile: pulumi.output(network.networkId).apply(storeFileIn),
        keyFile: args.keyFile,
        generate: {
          [DATABASE_PASSWORD]: 'password',
          [CACHE_PASSWORD]: 'password',
          [SUPER_ADMIN_CLIENT_ID]: 'uuid',
          [SUPER_ADMIN_CLIENT_SECRET]: 'password',
        },
        values: pulumi.secret(args.values),
        replicaFile: replicaAtOtherSite === undefined ? null : replicatedStoreIn(replicaAtOtherSite),
        restoreFrom: replicaRestoredFrom === undefined ? null : replicatedStoreIn(replicaRestoredFrom),
        site: { live: network.networkId },
      },
      { parent: this, provider, protect: true, ignoreChanges: ['restoreFrom'] }
    );
    this.location = store.storeFile;
    this.registerOutputs({ location: this.location });
  }
}
