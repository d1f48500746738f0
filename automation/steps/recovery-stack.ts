import { OperatorError } from '../../components/errors';
import { siteOutputsSchema } from '../recovery/site-outputs';
import type { Step } from '../recovery/step';
import { writeStackConfig } from '../stacks/project';

/**
 * Makes the recovery site: one update of a stack of its own, in which the database restore and everything that does
 * not need the database go on side by side.
 */
export const recoveryStack: Step<'recovery-stack'> = {
  id: 'recovery-stack',
  title: 'Restore and provision',
  budgetSeconds: 900,
  async run(context) {
    const { environment, environmentName, project, session, recoveryStack: stack, id, emit, waiting, signal } = context;
    const plan = context.result('recovery-point');
    const config = environment.recoveryConfig({
      recoveryId: id,
      recoveryPoint: plan.recoveryPoint,
      source: plan.source,
    });
    waiting('the engine');
    await session.ensureStack(stack, async () => {
      await writeStackConfig(
        project,
        stack,
        config,
        ` Recovery ${id} of environment ${environmentName}, written by medplum-dr.`
      );
    });
    const update = await session.update(stack, {
      signal,
      onResource: (resource) => {
        emit({ kind: 'resource', step: 'recovery-stack', ...resource });
      },
      onWaiting: waiting,
      onNote: (text) => {
        emit({ kind: 'warning', text });
      },
    });
    const outputs = siteOutputsSchema.parse(update.outputs);
    for (const skipped of outputs.database.restoredFrom?.skipped ?? []) {
      emit({ kind: 'warning', text: `Skipped base backup ${skipped.id}: ${skipped.reasons.join('; ')}` });
    }
    if (outputs.database.restoredFrom === null) {
      throw new OperatorError('recovery-failed', `Stack ${stack} has a database that was not restored from anything.`, {
        hint: `Look at stacks/Pulumi.${stack}.yaml (medplum-dr:restore), and start a new recovery.`,
      });
    }
    return { stack, outputs, resources: update.resources };
  },
  summarise: ({ stack, outputs }) =>
    `stack ${stack} stands; database restored from ${outputs.database.restoredFrom?.backup ?? 'nothing'}`,
};
