import * as ecr from '@pulumi/aws/ecr';
import * as pulumi from '@pulumi/pulumi';
import type { AwsConfig } from './config';
import { imageRepository } from './image-repository';
import type { AwsKeys } from './keys';
import { arnAt, tagsOf, type AwsContext } from './standing-arns';

/**
 * Where the site's server image lies: in its own region, so that a recovery pulls from no other, and pinned by digest.
 * Replication copies what is pushed from now on; images of before are pushed again, or copied by
 * `StartReplicationBackfill`.
 */
export class Images extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      readonly keys: AwsKeys;
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:Images', name, {}, options);
    const { config, context, keys, provider } = args;
    const { images, recoverySite, role, site } = config;
    const repository = imageRepository(site);
    const child = { parent: this, provider };
    if (repository !== null && images.repository === 'managed') {
      new ecr.Repository(
        `${name}-repository`,
        {
          name: repository.name,
          imageTagMutability: 'IMMUTABLE',
          imageScanningConfiguration: { scanOnPush: true },
          encryptionConfigurations: [{ encryptionType: 'KMS', kmsKey: keys.keyArn }],
          forceDelete: false,
          tags: tagsOf(config, context),
        },
        { ...child, protect: true }
      );
    }
    if (repository !== null && images.replicateRegistry && role === 'primary' && recoverySite !== undefined) {
      new ecr.ReplicationConfiguration(
        `${name}-replication`,
        {
          replicationConfiguration: {
            rules: [
              {
                destinations: [
                  { region: recoverySite.region, registryId: arnAt(recoverySite, 'ecr', '').split(':')[4] ?? '' },
                ],
                repositoryFilters: [{ filter: repository.name, filterType: 'PREFIX_MATCH' }],
              },
            ],
          },
        },
        child
      );
    }
    this.registerOutputs({});
  }
}
