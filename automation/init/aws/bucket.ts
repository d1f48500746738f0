import { derive, found, missing, type Finding } from '../finding';
import { ask, clientOptions, type Answer } from './ask';

export interface BucketFinding {
  readonly name: Finding<string>;
  readonly replicates: Finding<boolean>;
  readonly notes: readonly string[];
}

/** Follows `binaryStorage` to the bucket, and looks what a replication would meet there. */
export async function findBucket(region: string, parameter: Finding<string>): Promise<BucketFinding> {
  const storage = derive(parameter, (value) => /^s3:([^/]+)$/.exec(value)?.[1], '<bucket>');
  const fill = 'The bucket that holds the Binaries, under binary/.';
  const name =
    storage.status === 'missing'
      ? { ...storage, fill }
      : storage.value === undefined
        ? missing('binaryStorage names no bucket of S3', fill, '<bucket>')
        : found(storage.value, 'parameter binaryStorage');
  if (name.status === 'missing') {
    return {
      name,
      replicates: missing('the bucket is not known', 'Whether it has replication rules.', false),
      notes: [],
    };
  }
  const bucket = name.value;
  const { S3Client, GetBucketVersioningCommand, GetBucketReplicationCommand, GetBucketLocationCommand } =
    await import('@aws-sdk/client-s3');
  const client = new S3Client({ ...clientOptions(region), followRegionRedirects: true });
  const versioning = await ask('s3:GetBucketVersioning', () =>
    client.send(new GetBucketVersioningCommand({ Bucket: bucket }))
  );
  const location = await ask('s3:GetBucketLocation', () =>
    client.send(new GetBucketLocationCommand({ Bucket: bucket }))
  );
  const rules = await ask('s3:GetReplicationConfiguration', () =>
    client.send(new GetBucketReplicationCommand({ Bucket: bucket })).catch(withoutRules)
  );
  const destinations =
    'failed' in rules || rules.value === null
      ? []
      : (rules.value.ReplicationConfiguration?.Rules ?? []).map((rule) => rule.Destination?.Bucket ?? '');
  return {
    name,
    replicates:
      'failed' in rules
        ? missing(
            rules.failed,
            'true when the bucket has replication rules: they would be written over.',
            '<true or false>'
          )
        : found(destinations.length > 0, 'binaryStorage → GetBucketReplication'),
    notes: [
      ...versioningNote(bucket, versioning),
      ...('failed' in location
        ? [`Not checked where bucket ${bucket} is: ${location.failed}.`]
        : locationNote(bucket, region, location.value.LocationConstraint)),
      ...destinations.map((to) => `Bucket ${bucket} replicates to ${to} already.`),
    ],
  };
}

function withoutRules(error: unknown): null {
  if ((error as Error).name === 'ReplicationConfigurationNotFoundError') {
    return null;
  }
  throw error;
}

function versioningNote(bucket: string, answer: Answer<{ readonly Status?: string | undefined }>): string[] {
  if ('failed' in answer) {
    return [`Not checked whether bucket ${bucket} keeps versions: ${answer.failed}.`];
  }
  return answer.value.Status === 'Enabled'
    ? []
    : [`Bucket ${bucket} keeps no versions, and S3 replicates only buckets that do: turn versioning on first.`];
}

/** S3 writes us-east-1 as no location, and eu-west-1 of old times as EU. */
function locationNote(bucket: string, region: string, constraint: string | undefined): string[] {
  const lies =
    constraint === undefined || constraint === '' ? 'us-east-1' : constraint === 'EU' ? 'eu-west-1' : constraint;
  return lies === region ? [] : [`Bucket ${bucket} lies in ${lies}, not in ${region}.`];
}
