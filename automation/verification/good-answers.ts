import { OperatorError } from '../../components/errors';
import type { SiteOutputs } from '../../components/site-operations';
import type { HealthBody } from '../../medplum/health';
import type { StepContext } from '../recovery/step';

/** Good answers in a row that make a site healthy, and the pause between them. */
export const STABLE_ANSWERS = 3;
const PAUSE_MS = 200;
const PROBE_TIMEOUT_MS = 5000;

/**
 * Waits for so many good answers of a site in a row, those from before included; `interrupted` when one was not good.
 * @throws OperatorError when they do not come within `application.startTimeout`.
 */
export async function goodAnswers(
  context: Pick<StepContext, 'environment' | 'signal' | 'waiting' | 'verification' | 'clock'>,
  outputs: Pick<SiteOutputs, 'siteEndpoint' | 'cache'>,
  { before, wanted }: { readonly before: number; readonly wanted: number }
): Promise<{ readonly body: HealthBody; readonly interrupted: boolean }> {
  const { environment, signal, waiting, verification, clock } = context;
  const target = { endpoint: outputs.siteEndpoint, baseUrl: environment.config.application.baseUrl };
  const deadline = clock.now().getTime() + environment.config.application.startTimeout * 1000;
  let good = before;
  let interrupted = false;
  for (;;) {
    signal.throwIfAborted();
    const answer = await verification.probe(target, { timeoutMs: PROBE_TIMEOUT_MS, signal });
    const complaint =
      answer.kind === 'unreachable' ? answer.reason : complaintOf(answer.status, answer.body, outputs.cache !== null);
    good = complaint === null ? good + 1 : 0;
    interrupted ||= complaint !== null;
    if (complaint === null && answer.kind === 'answered' && answer.body !== null && good >= wanted) {
      return { body: answer.body, interrupted };
    }
    waiting(
      complaint === null ? `good answer ${good} of ${STABLE_ANSWERS}` : `a healthy answer; the last: ${complaint}`
    );
    if (clock.now().getTime() > deadline) {
      throw new OperatorError('recovery-failed', `The site did not become healthy: ${complaint ?? 'unsteady'}.`, {
        hint: 'Look at the application log of that site, mend what it names, and go on with the run.',
      });
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}

/** `ok` is always true in Medplum's answer: status, `postgres` and `redis` are what tells (seen on Medplum 5.0.10). */
function complaintOf(status: number, body: HealthBody | null, hasCache: boolean): string | null {
  if (status !== 200) {
    return `status ${status}${body?.msg === undefined ? '' : ` (${body.msg})`}`;
  }
  if (body?.postgres !== true) {
    return 'the answer does not say that PostgreSQL works';
  }
  return hasCache && body.redis !== true ? 'the answer does not say that Redis works' : null;
}
