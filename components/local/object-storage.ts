import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { ObjectStorageArgs, ObjectStorageLayer } from '../layers';
import type { SiteFolders } from './config';
import { ownProgram } from '../package-root';
import { ObjectStore, Process, type LocalProvider } from './resources';

/** Folder of a replica that holds the other site's objects, and the file that says how far it has come. */
export function replicatedObjectsIn(replica: string): string {
  return path.join(replica, 'objects');
}

/** A folder with Medplum's object keys, and a process that copies each new object to the other site. */
export class ObjectStorage extends pulumi.ComponentResource implements ObjectStorageLayer {
  readonly binaryStorage: pulumi.Output<string>;

  constructor(
    name: string,
    args: ObjectStorageArgs & {
      folders: SiteFolders;
      replicaAtOtherSite: string | undefined;
      provider: LocalProvider;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:ObjectStorage', name, {}, options);
    const { network, folders, provider, replicaAtOtherSite, restore } = args;
    const site = { live: network.networkId };
    const store = new ObjectStore(
      `${name}-store`,
      {
        folder: pulumi.interpolate`${network.networkId}/objects`,
        restoreFrom: restore === undefined ? null : replicatedObjectsIn(folders.replica),
        site,
      },
      { parent: this, provider, protect: true, ignoreChanges: ['restoreFrom'] }
    );
    if (replicaAtOtherSite !== undefined) {
      const replication = store.folder.apply((source) =>
        JSON.stringify({
          source,
          destination: replicatedObjectsIn(replicaAtOtherSite),
          stateFile: path.join(replicaAtOtherSite, 'objects.json'),
        })
      );
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
