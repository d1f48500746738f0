import type * as s3 from '@pulumi/aws/s3';
import type { AwsConfig, AwsSite } from './config';
import { bucketArn, keyAliasArn } from './standing-arns';

/** S3 Replication Time Control knows no other. */
const TIME_CONTROL = { minutes: 15 };

/**
 * The one rule from a site's bucket to the other site's, named there by ARN.
 *
 * Both buckets have such a rule ahead of the day, each in the stack of its source: failback needs no bucket to be
 * configured. They make no loop, as S3 replicates no replica; only changes of a replica's metadata go back.
 *
 * Deletions stay where they are made: delete markers are not replicated, and deleted versions never are, so what is
 * deleted here by mistake or malice is still there. Objects older than the rule are not replicated by it either: S3
 * Batch Replication does those.
 */
export function replicationRule(
  { objectStorage: { replicationTimeControl } }: AwsConfig,
  to: AwsSite,
  environment: string
): s3.BucketReplicationConfigArgs['rules'] {
  return [
    {
      id: `to-${to.name}`,
      priority: 0,
      status: 'Enabled',
      // All objects. A filter makes the rule one of the second version, which deleteMarkerReplication belongs to.
      filter: { prefix: '' },
      deleteMarkerReplication: { status: 'Disabled' },
      sourceSelectionCriteria: {
        sseKmsEncryptedObjects: { status: 'Enabled' },
        replicaModifications: { status: 'Enabled' },
      },
      destination: {
        bucket: bucketArn(to, to.bucket),
        encryptionConfiguration: { replicaKmsKeyId: keyAliasArn(to, environment) },
        // Backlog and failures are what monitoring looks at, with and without time control.
        metrics: {
          status: 'Enabled',
          ...(replicationTimeControl ? { eventThreshold: TIME_CONTROL } : {}),
        },
        ...(replicationTimeControl ? { replicationTime: { status: 'Enabled', time: TIME_CONTROL } } : {}),
      },
    },
  ];
}
