import { messageOf, OperatorError } from '../../components/errors';

interface SdkFailure {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** The HTTP status that S3 answered with; null when it did not answer. */
export function statusOf(error: unknown): number | null {
  return (error as SdkFailure).$metadata?.httpStatusCode ?? null;
}

/**
 * What an operator is told when a request to a bucket failed. Names as the SDK gives them (seen on client-s3 3.1175.0).
 * What is no failure of a request is given back as it is.
 */
export function asOperatorError(error: unknown, address: string): unknown {
  const told = explain(error);
  if (told === null) {
    return error;
  }
  return new OperatorError(told.badInput ? 'bad-input' : 'recovery-failed', `${address}: ${told.problem}.`, {
    hint: told.hint,
    cause: error,
  });
}

function explain(error: unknown): { badInput?: boolean; problem: string; hint: string } | null {
  const { name = '', code = '' } = error as SdkFailure;
  const status = statusOf(error);
  const message = messageOf(error);
  if (message === 'Region is missing') {
    return {
      badInput: true,
      problem: 'the region of the bucket is not known',
      hint: 'Add ?region=eu-west-1 (yours) to the address, or set AWS_REGION.',
    };
  }
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError') {
    return {
      problem: `no credentials were found (${message})`,
      hint: 'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role.',
    };
  }
  if (name === 'NoSuchBucket') {
    return {
      problem: 'the bucket does not exist',
      hint: 'Make the bucket, outside both sites, or correct the address.',
    };
  }
  if (status === 301 || name === 'AuthorizationHeaderMalformed') {
    return {
      problem: 'the bucket lies in another region',
      hint: 'Correct ?region= in the address.',
    };
  }
  if (status === 401 || status === 403) {
    return {
      problem: `access was denied (${name === '' ? status : name})`,
      hint: 'The credentials in use need s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject below the prefix.',
    };
  }
  if (status !== null) {
    return { problem: `the request failed with HTTP ${status} (${name}: ${message})`, hint: 'Look at the service.' };
  }
  if (name === 'TimeoutError' || /^E[A-Z_]+$/.test(code)) {
    return {
      problem: `it cannot be reached (${message === '' ? code : message})`,
      hint: 'Check the network, the name and the endpoint in the address from this machine.',
    };
  }
  return null;
}
