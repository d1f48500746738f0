import * as s3 from '@pulumi/aws/s3';
import * as pulumi from '@pulumi/pulumi';
import type { AwsConfig } from './config';
import { bucketArn, tagsOf, type AwsContext } from './standing-arns';

/**
 * The bucket for Binaries at one site: versioned, as replication asks for it and as it brings back what was deleted;
 * encrypted with the site's key; closed to the public and to requests without TLS.
 */
export class Bucket extends pulumi.ComponentResource {
  readonly bucketName: pulumi.Output<string>;
  /** The same name, once versions are kept: what replicates from or into the bucket needs that first. */
  readonly versionedName: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      readonly keys: { readonly keyArn: pulumi.Input<string> };
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:Bucket', name, {}, options);
    const { config, context, keys, provider } = args;
    const { site } = config;
    const child = { parent: this, provider };
    const made = new s3.Bucket(
      `${name}-bucket`,
      { bucket: site.bucket, forceDestroy: false, tags: tagsOf(config, context) },
      { ...child, protect: true }
    );
    const bucket = made.bucket;
    const versioning = new s3.BucketVersioning(
      `${name}-versioning`,
      { bucket, versioningConfiguration: { status: 'Enabled' } },
      { ...child, protect: true }
    );
    new s3.BucketServerSideEncryptionConfiguration(
      `${name}-encryption`,
      {
        bucket,
        rules: [
          {
            applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: keys.keyArn },
            bucketKeyEnabled: true,
          },
        ],
      },
      child
    );
    const block = new s3.BucketPublicAccessBlock(
      `${name}-public-access-block`,
      { bucket, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
      child
    );
    // S3 refuses two changes of who may enter at one time.
    const policy = tlsOnly(bucketArn(site, site.bucket));
    new s3.BucketPolicy(`${name}-policy`, { bucket, policy }, { ...child, dependsOn: [block] });
    this.bucketName = bucket;
    this.versionedName = versioning.bucket;
    this.registerOutputs({ bucketName: this.bucketName });
  }
}

function tlsOnly(arn: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });
}
