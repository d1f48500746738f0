import { OperatorError } from '../../components/errors';
import type { Clock } from './clock';

/** Attempts in all, and the bound of the first pause; each later one is twice as long. */
const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 200;

/** Errors of the system and of sockets that may be over a moment later. */
const PASSING_CODES: ReadonlySet<string> = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ETIMEOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'],
  ...['EAGAIN', 'EBUSY', 'ESERVFAIL', 'EREFUSED'],
  // PostgreSQL: starting up or shutting down, too many connections, connection lost.
  ...['57P03', '57P01', '53300', '08006', '08001', '08003'],
]);

/**
 * Runs a call that changes nothing, and again after a pause with jitter when it failed in a way that passes: five times
 * within some six seconds at most. Whatever will not pass, an answer to the operator above all, is thrown at once.
 */
export async function retried<Result>(
  call: () => Promise<Result>,
  { clock, random }: { readonly clock: Clock; readonly random: () => number }
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (attempt >= ATTEMPTS || !passes(error)) {
        throw error;
      }
      // Full jitter: drivers and clients that failed together do not come back together.
      await clock.sleep(random() * FIRST_PAUSE_MS * 2 ** (attempt - 1));
    }
  }
}

/** Whether an error may be over a moment later. The SDKs of clouds say so themselves (`$retryable`), or by HTTP status. */
export function passes(error: unknown): boolean {
  if (error instanceof OperatorError || !(error instanceof Error)) {
    return false;
  }
  const { code, $retryable, $metadata } = error as Error & {
    code?: unknown;
    $retryable?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  return (
    (typeof code === 'string' && PASSING_CODES.has(code)) ||
    $retryable !== undefined ||
    (status !== undefined && (status === 429 || status >= 500))
  );
}
