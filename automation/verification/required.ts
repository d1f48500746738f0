import { OperatorError } from '../../components/errors';
import type { Check } from './check';

/** Checks without which nobody knows whether the data came back: unmade, they stop a run as a failure does. */
const REQUIRED = new Set(['database-writable', 'schema-version', 'signing-keys', 'resource-counts']);

/** Checks that warn: on the day, what they tell of is no reason to stay down. */
const ADVISORY = new Set(['clock-agrees']);

/** Whether a check failed that does not stop a run: it is a warning. */
export function warns(check: Check): boolean {
  return check.status === 'failed' && ADVISORY.has(check.id);
}

/**
 * Stops the run when a check failed, or a required one could not be made, unless the operator accepted that very check.
 * @param remedy what the operator can do instead of accepting them, as a sentence.
 * @throws OperatorError listing every such check.
 */
export function requirePassed(checks: readonly Check[], accepted: ReadonlySet<string>, remedy: string): void {
  const stopping = checks.filter(
    (check) =>
      !accepted.has(check.id) &&
      !ADVISORY.has(check.id) &&
      (check.status === 'failed' || (check.status === 'not-checked' && REQUIRED.has(check.id)))
  );
  if (stopping.length === 0) {
    return;
  }
  const problems = stopping.map((check) =>
    check.status === 'not-checked'
      ? `${check.title} (${check.id}): not checked, ${check.reason}`
      : `${check.title} (${check.id}): ${check.evidence}`
  );
  throw new OperatorError('recovery-failed', 'Verification failed; traffic was not moved.', {
    hint: `${remedy} To go on in spite of it: resume with ${stopping.map((check) => `--accept-check ${check.id}`).join(' ')}.`,
    problems,
  });
}
