import type { Step } from '../recovery/step';
import { requirePassed } from '../verification/required';

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
    }
    requirePassed(found.checks, acceptedChecks);
    return found;
  },
  summarise: ({ checks, newestWriteAt }) =>
    `${checks.filter((check) => check.status === 'passed').length} of ${checks.length} checks passed; newest write ${newestWriteAt ?? 'none'}`,
};
