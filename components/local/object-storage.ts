import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { ObjectStorageArgs, ObjectStorageLayer } from '../layers';
import type { SiteFolders } from './config';
import { ownProgram } from '../package-root';
import type { ReplicationSettings } from './replication/round';
import { ObjectStore, Process, type LocalProvider } from './resources';

/** Folder of a replica that holds the protected site's objects. */
export function replicatedObjectsIn(replica: string): string {
  return path.join(replica, 'objects');
}

/** What the replication of a site's objects into a replica copies, and the file that says how far it has come. */
export function replicationOf(store: string, replica: string): ReplicationSettings {
  return {
    source: store,
    destination: replicatedObjectsIn(replica),
    stateFile: path.join(replica, 'objects.json'),
  };
}

/** A folder with Medplum's object keys, and a process that copies each new object to the other site. */
export class ObjectStorage extends pulumi.ComponentResource implements ObjectStorageLayer {
  readonly binaryStorage: pulumi.Output<string>;

  constructor(
    name: string,
    args: ObjectStorageArgs & {
      folders: SiteFolders;
      replicaAtOtherSite: string | undefined;
      /** The replica that a recovery starts from; undefined in an environment that is new. */
      replicaRestoredFrom: string | undefined;
      provider: LocalProvider;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:ObjectStorage', name, {}, options);
    const { network, folders, provider, replicaAtOtherSite, replicaRestoredFrom } = args;
    const site = { live: network.networkId };
    const store = new ObjectStore(
      `${name}-store`,
      {
        folder: pulumi.interpolate`${network.networkId}/objects`,
        restoreFrom: replicaRestoredFrom === undefined ? null : replicatedObjectsIn(replicaRestoredFrom),
        site,
      },
      { parent: this, provider, protect: true, ignoreChanges: ['restoreFrom'] }
    );
    if (replicaAtOtherSite !== undefined) {
      const replication = store.folder.apply((source) => JSON.stringify(replicationOf(source, replicaAtOtherSite)));
      new Process(
        `${name}-replication`,
        {
          name: 'object-replication',
          command: ownProgram('components', 'local', 'replication', 'main.js'),
          folder: network.networkId,
          environment: { MEDPLUM_DR_REPLICATION: replication },
          logFile: path.join(folders.logs, 'object-replication.log'),
          pidFile: path.join(folders.live, 'run', 'object-replication.pid'),
          ready: { kind: 'started' },
          running: args.state === 'serving',
          site,
        },
        { parent: this, provider }
      );
    }
    this.binaryStorage = pulumi.interpolate`file:${store.folder}`;
    this.registerOutputs({ binaryStorage: this.binaryStorage });
  }
}
