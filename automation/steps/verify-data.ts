import { isPlanned } from '../recovery/results';
import type { Step, StepContext } from '../recovery/step';
import { requirePassed, warns } from '../verification/required';

/** Proves the restore on the database and the object store themselves, whatever the server says of its health. */
export const verifyData: Step<'verify-data'> = {
  id: 'verify-data',
  title: 'Verify the data',
  budgetSeconds: 60,
  async run(context) {
    const { emit, waiting, acceptedChecks, verification } = context;
    waiting('the restored database');
    const found = await verification.data(context);
    for (const check of found.checks) {
      emit({ kind: 'check', step: 'verify-data', check });
      if (warns(check)) {
        emit({ kind: 'warning', text: `${check.title} (${check.id}): ${check.evidence}` });
      }
    }
    requirePassed(found.checks, acceptedChecks, otherPoint(context));
    return found;
  },
  summarise: ({ checks, newestWriteAt }) =>
    `${checks.filter((check) => check.status === 'passed').length} of ${checks.length} checks passed; newest write ${newestWriteAt ?? 'none'}`,
};

/** The way to other data. What was recorded before the loss was recorded with a point that the restore can aim at. */
function otherPoint({ id, mode, environmentName, result }: StepContext): string {
  if (isPlanned(mode)) {
    return `medplum-dr abort ${id} has the old site serve again.`;
  }
  const { recorded, recoveryPoint } = result('recovery-point');
  // A drill removes its copy by itself.
  const command =
    mode === 'drill'
      ? `medplum-dr drill ${environmentName}`
      : `medplum-dr abort ${id}, then medplum-dr recover ${environmentName}`;
  const known =
    recorded === null || recorded.pointId === recoveryPoint
      ? ['an older one', '<id>']
      : [`the one with which the data was recorded at ${recorded.time}`, recorded.pointId];
  return `To recover to another point, ${known[0]}: ${command} --recovery-point ${known[1]}; medplum-dr recovery-points ${environmentName} lists them all.`;
}
