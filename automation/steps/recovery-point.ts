import { OperatorError } from '../../components/errors';
import { sameRelease } from '../../medplum/versions';
import type { Step } from '../recovery/step';
import { recordedOf, type Recorded } from '../verification/context';

/** Chooses what to restore: the newest healthy recovery point, the one named, or the newest before a moment. */
export const recoveryPoint: Step<'recovery-point'> = {
  id: 'recovery-point',
  title: 'Recovery point',
  budgetSeconds: 10,
  onlyLooks: true,
  async run({ operations, target, emit, waiting, environment, acceptedChecks }) {
    waiting('the list of recovery points');
    const plan = await operations.planRestore(target);
    for (const skipped of plan.skipped) {
      emit({ kind: 'warning', text: `Skipped recovery point ${skipped.id}: ${skipped.reasons.join('; ')}` });
    }
    requireSameVersion(recordedOf(plan), environment.config.application.version, acceptedChecks);
    return plan;
  },
  summarise: (plan) => `${plan.recoveryPoint} (${plan.kind}), up to ${plan.time}`,
};

/**
 * A server of another version is not started on the data: an older one starts silently on a newer schema, and a newer
 * one moves the schema on before anybody has looked at it (seen on Medplum 5.0.10).
 */
function requireSameVersion(recorded: Recorded, configured: string, accepted: ReadonlySet<string>): void {
  const wrote = recorded.known ? recorded.serverVersion : null;
  if (wrote === null || sameRelease(wrote, configured) || accepted.has('server-version')) {
    return;
  }
  throw new OperatorError(
    'preflight-failed',
    `Medplum ${wrote} wrote the data of this recovery point, and medplum-dr:application.version is ${configured}; nothing was made.`,
    {
      hint: `Set application.version, and the server it names, to ${wrote}; upgrade after the recovery. To go on as it is: --accept-check server-version.`,
    }
  );
}
