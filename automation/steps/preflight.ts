import { OperatorError } from '../../components/errors';
import type { RecoveryTarget, SiteOperations } from '../../components/site-operations';
import { preflightFindings } from '../recovery/serving-site';
import type { Step } from '../recovery/step';

/** Looks at all that a recovery needs, before anything is made, and lists everything wrong at once. */
export const preflight: Step<'preflight'> = {
  id: 'preflight',
  title: 'Preflight',
  budgetSeconds: 10,
  onlyLooks: true,
  async run({ operations, environment, session, waiting, recoveryStack, target }) {
    waiting('the recovery site, the state backend and the name server');
    const [findings, outage, unmet] = await Promise.all([
      preflightFindings({ environment, session }, recoveryStack),
      operations.lastOutage(),
      unmetTarget(operations, target),
    ]);
    const problems = findings.flatMap((finding) =>
      finding.status === 'failed' ? [`${finding.evidence} ${finding.remedy}`] : []
    );
    if (unmet !== null && problems.length === 0) {
      throw unmet;
    }
    if (unmet !== null) {
      problems.push([unmet.message, ...unmet.problems, unmet.hint].join(' '));
    }
    if (problems.length > 0) {
      throw new OperatorError('preflight-failed', `Preflight found ${problems.length} problem(s); nothing was made.`, {
        hint: 'Mend them and run the same command again.',
        problems,
      });
    }
    return { findings, outage };
  },
  summarise({ findings }) {
    const unchecked = findings.filter((finding) => finding.status === 'not-checked').length;
    const tail = unchecked === 0 ? '' : `, ${unchecked} not checked`;
    return `${findings.length - unchecked} of ${findings.length} looked at and sound${tail}`;
  },
};

/** What stands against recovering to the target, found here so that it is told together with everything else. */
async function unmetTarget(operations: SiteOperations, target: RecoveryTarget): Promise<OperatorError | null> {
  try {
    await operations.planRestore(target);
    return null;
  } catch (error) {
    if (error instanceof OperatorError) {
      return error;
    }
    throw error;
  }
}
