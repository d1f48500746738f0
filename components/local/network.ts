import * as pulumi from '@pulumi/pulumi';
import type { NetworkLayer } from '../layers';
import type { LocalSite, SiteFolders } from './config';
import { Site, type LocalProvider } from './resources';

/** The site itself: its folder and the loopback address it is reached at. */
export class Network extends pulumi.ComponentResource implements NetworkLayer {
  readonly networkId: pulumi.Output<string>;

  constructor(
    name: string,
    args: { site: LocalSite; folders: SiteFolders; provider: LocalProvider },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:Network', name, {}, options);
    const { site, folders, provider } = args;
    const made = new Site(
      `${name}-site`,
      { name: site.name, root: folders.root, live: folders.live, address: site.address },
      // Its folder holds the database: it is not removed by a slip.
      { parent: this, provider, protect: true }
    );
    this.networkId = made.live;
    this.registerOutputs({ networkId: this.networkId });
  }
}
