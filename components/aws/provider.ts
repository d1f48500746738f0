import * as aws from '@pulumi/aws/provider';
import type * as pulumi from '@pulumi/pulumi';
import type { AwsConfig } from './config';

/**
 * Provider of one region. It asks nothing on the way up that the region's own endpoints cannot answer: a provider that
 * waits for a lost region would hold up the whole stack. The account is still asked for, since ARNs are built of it.
 */
export function regionProvider(name: string, region: string, options: pulumi.ResourceOptions = {}): aws.Provider {
  return new aws.Provider(
    name,
    {
      region,
      stsRegion: region,
      skipCredentialsValidation: true,
      skipRegionValidation: true,
      // The provider's own 25 tries take minutes where a region is gone.
      maxRetries: 5,
      retryMode: 'adaptive',
    },
    options
  );
}

/**
 * Region of the environment's front: never home's where there is another, as traffic is moved when home is lost. It
 * stays the same for the life of the environment.
 */
export function frontRegion({ site, recoverySite }: AwsConfig): string {
  return (recoverySite ?? site).region;
}
