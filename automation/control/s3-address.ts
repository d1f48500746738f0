import { z } from 'zod';
import { OperatorError } from '../../components/errors';

const querySchema = z.strictObject({
  region: z.string().min(1).optional(),
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  forcePathStyle: z.enum(['true', 'false']).optional(),
});

/** A place in a bucket of S3, or of a server that speaks its protocol. */
export interface S3Address {
  readonly bucket: string;
  /** Empty, or a path that ends with a slash. */
  readonly prefix: string;
  /** Null: as the environment or the profile of the AWS tools says. */
  readonly region: string | null;
  /** Null for AWS itself. */
  readonly endpoint: string | null;
  readonly forcePathStyle: boolean;
}

/**
 * Reads `s3://bucket/prefix?region=eu-west-1&endpoint=https://host&forcePathStyle=true`.
 *
 * @throws OperatorError ('bad-input'), which names parameters and never repeats their values.
 */
export function parseS3Address(address: string): S3Address {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || url.hostname === '') {
    throw refusal('an address of a bucket must be s3://bucket/prefix');
  }
  const query = querySchema.safeParse(Object.fromEntries(url.searchParams));
  if (!query.success) {
    const names = query.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' ? issue.keys : issue.path.map(String)
    );
    throw refusal(`these parameters of the bucket's address are unknown or wrong: ${names.join(', ')}`);
  }
  const path = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  return {
    bucket: url.hostname,
    prefix: path === '' ? '' : `${path}/`,
    region: query.data.region ?? null,
    endpoint: query.data.endpoint ?? null,
    forcePathStyle: query.data.forcePathStyle === 'true',
  };
}

function refusal(problem: string): OperatorError {
  return new OperatorError('bad-input', `The control storage cannot be used: ${problem}.`, {
    hint:
      'Write it as s3://bucket/prefix?region=eu-west-1; endpoint=https://host and forcePathStyle=true are for servers ' +
      'other than AWS. Credentials come from the environment or the profile of the AWS tools.',
  });
}
