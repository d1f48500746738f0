import { setTimeout as sleep } from 'node:timers/promises';
import { OperatorError } from '../../components/errors';
import { checkHealth, type HealthBody } from '../../medplum/health';
import { sameRelease } from '../../medplum/versions';
import type { Step, StepContext } from '../recovery/step';
import { anonymousClientOf, apiClientOf } from '../verification/api';
import { judged, notChecked, type Check } from '../verification/check';
import { recordedOf, type Recorded } from '../verification/context';
import { requirePassed } from '../verification/required';
import { samples, samplesNotChecked } from '../verification/samples';
import { servedSigningKeys } from '../verification/signing-keys';
import { writeReadBack } from '../verification/write-read-back';

const endpoint = { id: 'health-endpoint', title: 'The site says it is healthy, several times in a row' };
const release = { id: 'server-version', title: 'The server is the version that wrote the data' };
const write = { id: 'write-read-back', title: 'A write is taken and found again' };

/** Good answers in a row that make a site healthy, and the pause between them. */
const STABLE_ANSWERS = 3;
const PAUSE_MS = 200;
const PROBE_TIMEOUT_MS = 5000;

/** The new endpoint answers as Medplum does when it is sound, and a FHIR read, search and write work through it. */
export const health: Step<'health'> = {
  id: 'health',
  title: 'Health',
  budgetSeconds: 60,
  async run(context) {
    const { emit, acceptedChecks } = context;
    const recorded = recordedOf(context.result('recovery-point'));
    const { outputs } = context.result('recovery-stack');
    const hasCache = outputs.cache !== null;
    await goodAnswers(context, hasCache, { before: 0, wanted: 1 });
    // The API can be asked from the first good answer on. What it answered counts only when it stayed healthy meanwhile.
    const [steady, early] = await Promise.all([
      goodAnswers(context, hasCache, { before: 1, wanted: STABLE_ANSWERS }),
      apiChecks(context, recorded),
    ]);
    const serverVersion = steady.body.version ?? null;
    const checks: Check[] = [
      judged(
        endpoint,
        true,
        `${STABLE_ANSWERS} good answers in a row from ${outputs.siteEndpoint.address}:${outputs.siteEndpoint.port}`
      ),
      versionCheck(serverVersion, recorded.known ? recorded.serverVersion : null),
      ...(steady.interrupted ? await apiChecks(context, recorded) : early),
    ];
    for (const check of checks) {
      emit({ kind: 'check', step: 'health', check });
    }
    requirePassed(checks, acceptedChecks);
    return { checks, serverVersion };
  },
  summarise: ({ checks, serverVersion }) =>
    `Medplum ${serverVersion ?? 'of unknown version'}; ${checks.filter((check) => check.status === 'passed').length} of ${checks.length} checks passed`,
};

async function apiChecks(context: StepContext, recorded: Recorded): Promise<Check[]> {
  context.waiting('the API');
  const checks = [await servedSigningKeys(anonymousClientOf(context), recorded)];
  const api = await apiClientOf(context, 'verification');
  if (api.client === null) {
    const reason = `${api.reason}; see docs/how-to/verification-client.md`;
    return [...checks, ...samplesNotChecked(reason), notChecked(write, reason)];
  }
  const database = await context.operations.connectDatabase(context.result('recovery-stack').outputs);
  try {
    checks.push(...(await samples(api.client, api.clientId, database, recorded)));
  } finally {
    await database.end();
  }
  return [...checks, await writeReadBack(api.client)];
}

/** Waits for so many good answers in a row, those from before included; `interrupted` when one was not good. */
async function goodAnswers(
  context: StepContext,
  hasCache: boolean,
  { before, wanted }: { readonly before: number; readonly wanted: number }
): Promise<{ readonly body: HealthBody; readonly interrupted: boolean }> {
  const { environment, signal, waiting } = context;
  const { outputs } = context.result('recovery-stack');
  const target = { endpoint: outputs.siteEndpoint, baseUrl: environment.config.application.baseUrl };
  const deadline = Date.now() + environment.config.application.startTimeout * 1000;
  let good = before;
  let interrupted = false;
  for (;;) {
    signal.throwIfAborted();
    const answer = await checkHealth(target, { timeoutMs: PROBE_TIMEOUT_MS, signal });
    const complaint = answer.kind === 'unreachable' ? answer.reason : complaintOf(answer.status, answer.body, hasCache);
    good = complaint === null ? good + 1 : 0;
    interrupted ||= complaint !== null;
    if (complaint === null && answer.kind === 'answered' && answer.body !== null && good >= wanted) {
      return { body: answer.body, interrupted };
    }
    waiting(
      complaint === null ? `good answer ${good} of ${STABLE_ANSWERS}` : `a healthy answer; the last: ${complaint}`
    );
    if (Date.now() > deadline) {
      throw new OperatorError(
        'recovery-failed',
        `The recovered site did not become healthy: ${complaint ?? 'unsteady'}.`,
        {
          hint: 'Look at the application log of the recovery site, mend what it names, and run the same command again.',
        }
      );
    }
    await sleep(PAUSE_MS, undefined, { signal });
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

function versionCheck(serverVersion: string | null, recordedVersion: string | null): Check {
  if (recordedVersion === null) {
    return notChecked(release, 'no server version was recorded with the recovery point');
  }
  if (serverVersion === null) {
    return judged(release, false, `the server does not tell its version; ${recordedVersion} was recorded`);
  }
  const good = sameRelease(serverVersion, recordedVersion);
  return judged(
    release,
    good,
    good ? `${serverVersion}, as recorded` : `${serverVersion} runs; ${recordedVersion} wrote the data`
  );
}
