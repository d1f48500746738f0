import { messageOf, OperatorError } from '../../../components/errors';

interface ClientOptions {
  readonly region: string;
  readonly maxAttempts: number;
  readonly retryMode: 'adaptive';
  /** Times in milliseconds. */
  readonly requestHandler: {
    readonly connectionTimeout: number;
    readonly requestTimeout: number;
    readonly throwOnRequestTimeout: boolean;
  };
}

/** How every client is made: the endpoint is the region's own, credentials come from the SDK's standard chain. */
export function clientOptions(region: string): ClientOptions {
  return {
    region,
    maxAttempts: 5,
    // Waits by itself when the service throttles.
    retryMode: 'adaptive',
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  };
}

/** What a read gave, or why it gave nothing, as the end of a sentence. */
export type Answer<Value> = { readonly value: Value } | { readonly failed: string };

interface SdkFailure {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * Makes one read. What it is refused, or what does not exist, is an answer: the discovery goes on without it.
 *
 * @param action as IAM calls it, `service:Action`.
 * @throws OperatorError when there are no credentials, or they are no good: no other read would be answered either.
 */
export async function ask<Value>(action: string, read: () => Promise<Value>): Promise<Answer<Value>> {
  try {
    return { value: await read() };
  } catch (error) {
    const told = credentialsFailure(error);
    if (told !== null) {
      throw told;
    }
    const failed = reasonOf(action, error);
    if (failed === null) {
      throw error;
    }
    return { failed };
  }
}

const NO_CREDENTIALS = ['CredentialsProviderError', 'TokenProviderError'];
/** Names that services give to credentials that are wrong or over (AWS API references, "Common Errors"). */
const BAD_CREDENTIALS =
  /^(UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken(Exception)?|RequestExpired|InvalidSignatureException)$/;

function credentialsFailure(error: unknown): OperatorError | null {
  const { name = '' } = error as SdkFailure;
  if (NO_CREDENTIALS.includes(name)) {
    return new OperatorError('bad-input', `No AWS credentials were found: ${messageOf(error)}`, {
      hint: 'Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give this machine a role.',
      cause: error,
    });
  }
  if (BAD_CREDENTIALS.test(name)) {
    return new OperatorError('bad-input', `AWS does not accept the credentials (${name}).`, {
      hint: 'Renew them (aws sso login, or a new session token) and see that `aws sts get-caller-identity` answers.',
      cause: error,
    });
  }
  return null;
}

/** Null for what is no failure of a request. The words of the service itself are not repeated: they may hold values. */
function reasonOf(action: string, error: unknown): string | null {
  const { name = '', code = '', $metadata } = error as SdkFailure;
  const status = $metadata?.httpStatusCode;
  if (status === 401 || status === 403 || /^(AccessDenied|UnauthorizedOperation|NotAuthorized)/.test(name)) {
    return `access to ${action} was denied`;
  }
  if (/Throttl|TooManyRequests|RequestLimitExceeded/.test(name)) {
    return `${action} was throttled in all of its attempts`;
  }
  if (name === 'TimeoutError' || name === 'AbortError' || /^E[A-Z_]+$/.test(code)) {
    return `${action} could not be reached (${code === '' ? name : code})`;
  }
  return status === undefined ? null : `${action} failed (${name}, HTTP ${status})`;
}
