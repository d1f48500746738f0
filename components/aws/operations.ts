import { OperatorError } from '../errors';
import type { SiteOperations } from '../site-operations';

/** What the driver asks of a site on AWS: every question is refused by the command that asks it, and nothing is done. */
export function awsSiteOperations(): SiteOperations {
  return {
    preflight: refused('medplum-dr recover'),
    recoveryPoints: refused('medplum-dr recovery-points'),
    continuousWindow: refused('medplum-dr recovery-points'),
    planRestore: refused('medplum-dr recover'),
    fence: refused('medplum-dr recover'),
    stopApplication: refused('medplum-dr switchover'),
    unfence: refused('medplum-dr rollback'),
    drain: refused('medplum-dr switchover'),
    condition: refused('medplum-dr status'),
    restoreProgress: refused('medplum-dr recover'),
    protectionProgress: refused('medplum-dr protect'),
    blockedAttempts: refused('medplum-dr drill'),
    remains: refused('medplum-dr remove-site'),
    removeRemains: refused('medplum-dr remove-site'),
    secret: refused('medplum-dr recover'),
    connectDatabase: refused('medplum-dr recover'),
    missingObjects: refused('medplum-dr recover'),
    resolve: refused('medplum-dr status'),
    lastOutage: refused('medplum-dr status'),
  };
}

function refused(command: string): () => Promise<never> {
  return () =>
    Promise.reject(
      new OperatorError('not-implemented', `"${command}" is not implemented yet on platform "aws".`, {
        hint: 'On AWS, "pulumi preview", "pulumi up" and "medplum-dr init aws" are there.',
      })
    );
}
