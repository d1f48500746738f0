import { sameRelease } from '../../medplum/versions';
import type { Step, StepContext } from '../recovery/step';
import { judged, notChecked, type Check } from '../verification/check';
import { recordedOf } from '../verification/context';
import { goodAnswers, STABLE_ANSWERS } from '../verification/good-answers';
import { requirePassed } from '../verification/required';

const endpoint = { id: 'health-endpoint', title: 'The site says it is healthy, several times in a row' };
const release = { id: 'server-version', title: 'The server is the version that wrote the data' };

/** The new endpoint answers as Medplum does when it is sound, and a FHIR read, search and write work through it. */
export const health: Step<'health'> = {
  id: 'health',
  title: 'Health',
  budgetSeconds: 60,
  async run(context) {
    const { emit, acceptedChecks } = context;
    const recorded = recordedOf(context.result('recovery-point'));
    const { outputs } = context.result('recovery-stack');
    await goodAnswers(context, outputs, { before: 0, wanted: 1 });
    // The API can be asked from the first good answer on. What it answered counts only when it stayed healthy meanwhile.
    const [steady, early] = await Promise.all([
      goodAnswers(context, outputs, { before: 1, wanted: STABLE_ANSWERS }),
      api(context),
    ]);
    const serverVersion = steady.body.version ?? null;
    const checks: Check[] = [
      judged(
        endpoint,
        true,
        `${STABLE_ANSWERS} good answers in a row from ${outputs.siteEndpoint.address}:${outputs.siteEndpoint.port}`
      ),
      versionCheck(serverVersion, recorded.known ? recorded.serverVersion : null),
      ...(steady.interrupted ? await api(context) : early),
    ];
    for (const check of checks) {
      emit({ kind: 'check', step: 'health', check });
    }
    requirePassed(checks, acceptedChecks, `Mend what is named, then: medplum-dr resume ${context.id}.`);
    const newestWriteAt = context.takesTraffic
      ? await context.verification.newestWrite(context.operations, outputs)
      : null;
    return { checks, serverVersion, newestWriteAt };
  },
  summarise: ({ checks, serverVersion }) =>
    `Medplum ${serverVersion ?? 'of unknown version'}; ${checks.filter((check) => check.status === 'passed').length} of ${checks.length} checks passed`,
};

function api(context: StepContext): Promise<Check[]> {
  context.waiting('the API');
  return context.verification.api(context);
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
    good
      ? `${serverVersion}, as recorded`
      : `${serverVersion} runs; ${recordedVersion} wrote the data. Have medplum-dr:application name that server, then abort this run and recover anew`
  );
}
