import { OperatorError, messageOf } from '../../components/errors';
import type { PreflightFinding, RecoveryTarget, SiteOperations } from '../../components/site-operations';
import { currentRecord } from '../recovery/record';
import { preflightFindings } from '../recovery/serving-site';
import type { Step, StepContext } from '../recovery/step';

/** Looks at all that a recovery needs, before anything is made, and lists everything wrong at once. */
export const preflight: Step<'preflight'> = {
  id: 'preflight',
  title: 'Preflight',
  budgetSeconds: 10,
  onlyLooks: true,
  async run(context) {
    const { operations, environment, environmentName, recoveryStack, waiting } = context;
    waiting('the recovery site, the state backend and the name server');
    const isProtected = environment.recoverySite !== undefined;
    const [findings, outage, unmet, { finding, record }] = await Promise.all([
      preflightFindings(context, { environmentName, recoveryStack }),
      operations.lastOutage(),
      isProtected ? unmetTarget(operations, context.target) : null,
      nameServer(context),
    ]);
    const all = [...findings, finding];
    const problems = all.flatMap((found) => (found.status === 'failed' ? [`${found.evidence} ${found.remedy}`] : []));
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
    return { findings: all, outage, record };
  },
  summarise({ findings }) {
    const unchecked = findings.filter((finding) => finding.status === 'not-checked').length;
    const tail = unchecked === 0 ? '' : `, ${unchecked} not checked`;
    return `${findings.length - unchecked} of ${findings.length} looked at and sound${tail}`;
  },
};

/** What the name leads to now: only that is replaced by the cutover. A drill that takes no traffic asks nothing. */
async function nameServer({
  takesTraffic,
  operations,
  environment,
}: StepContext): Promise<{ finding: PreflightFinding; record: string | null }> {
  const id = 'name-server';
  const { name } = environment.config.traffic;
  if (!takesTraffic) {
    return { finding: { id, status: 'not-checked', reason: 'a drill takes no traffic' }, record: null };
  }
  try {
    const record = await currentRecord(operations);
    return { finding: { id, status: 'passed', evidence: `${name} leads to ${record ?? 'nothing'}` }, record };
  } catch (error) {
    const evidence = `The name servers cannot be asked where ${name} leads: ${messageOf(error)}.`;
    const remedy = 'Without them traffic cannot be moved: bring them back first.';
    return { finding: { id, status: 'failed', evidence, remedy }, record: null };
  }
}

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
