import { isDeepStrictEqual } from 'node:util';
import { OperatorError, messageOf } from '../../components/errors';
import { stepProgress } from '../recovery/engine-progress';
import { siteOutputsSchema } from '../recovery/site-outputs';
import type { RestorePlan } from '../../components/site-operations';
import type { Step, StepContext } from '../recovery/step';

/** How often the platform is asked how far the restore has come. */
const PROGRESS_EVERY_MS = 2000;

/**
 * Makes the recovery site: one update of a stack of its own, in which the database restore and everything that does
 * not need the database go on side by side.
 */
export const recoveryStack: Step<'recovery-stack'> = {
  id: 'recovery-stack',
  title: 'Restore and provision',
  budgetSeconds: 900,
  async run(context) {
    const { environmentName, configs, engine, recoveryStack: stack, id, emit, waiting, signal } = context;
    waiting('the engine');
    await engine.ensureStack(stack, async () => {
      const comment = ` Recovery ${id} of environment ${environmentName}, written by medplum-dr.`;
      const plan = context.result('recovery-point');
      // The same number again: another would be a change of what stands already.
      const fencingNumber = (await generationOf(context)) ?? context.fencingNumber;
      await configs.write(stack, recoveryStackConfig({ ...context, fencingNumber }, plan), comment);
    });
    const watching = new AbortController();
    const [update] = await Promise.all([
      engine
        .update(stack, stepProgress(context, 'recovery-stack'))
        .catch(async (error: unknown) => {
          throw signal.aborted ? error : await actionable(context, error);
        })
        .finally(() => {
          watching.abort();
        }),
      tellProgress(context, watching.signal),
    ]);
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

/** A failed update with the way on. What was chosen to be restored may be gone by now: then resuming alone helps nobody. */
async function actionable(context: StepContext, error: unknown): Promise<unknown> {
  if (!(error instanceof OperatorError) || error.kind !== 'recovery-failed') {
    return error;
  }
  const { id } = context;
  return new OperatorError(error.kind, error.message, {
    hint: [`Mend what is named, then: medplum-dr resume ${id}.`, ...(await changedChoice(context))].join(' '),
    problems: error.problems,
    cause: error,
  });
}

async function changedChoice({ id, operations, target, environmentName, result }: StepContext): Promise<string[]> {
  const chosen = result('recovery-point');
  const before = `What can be recovered has changed since this run chose ${chosen.recoveryPoint}`;
  try {
    const now = await operations.planRestore(target);
    return isDeepStrictEqual(now.source, chosen.source)
      ? []
      : [
          `${before}: now it would be ${now.recoveryPoint}. To take that: medplum-dr abort ${id}, then medplum-dr recover ${environmentName} again.`,
        ];
  } catch (error) {
    const other = `medplum-dr recovery-points ${environmentName} lists what is left; to take another: medplum-dr abort ${id}, then medplum-dr recover ${environmentName} --recovery-point <id>.`;
    return [`${before}: ${messageOf(error).replace(/\.?$/, '.')} ${other}`];
  }
}

/** The number that an earlier driver of this run gave the stack; undefined where there is no config yet. */
async function generationOf({ configs, recoveryStack: stack }: StepContext): Promise<number | undefined> {
  return (await configs.names()).includes(stack) ? (await configs.open(stack)).config.restore?.generation : undefined;
}

/** Config of the stack that a run makes. A project folder on another machine may lack it. */
export function recoveryStackConfig(
  { id, environment, fencingNumber, takesTraffic }: Omit<StepContext, 'result' | 'waiting' | 'emit'>,
  { recoveryPoint, source }: RestorePlan
): Record<string, unknown> {
  const restore = { recoveryId: id, recoveryPoint, source, generation: fencingNumber };
  return environment.recoveryConfig(restore, takesTraffic ? undefined : { drill: id });
}

/** Says what the platform says of the restore, until it is over: the engine itself is silent for as long as it takes. */
async function tellProgress(
  { operations, recoveryStack: stack, waiting, clock }: StepContext,
  over: AbortSignal
): Promise<void> {
  while (!over.aborted) {
    const progress = await operations.restoreProgress(stack);
    if (progress !== null) {
      waiting(`the database: ${progress}`);
    }
    // Its end is no failure.
    await clock.sleep(PROGRESS_EVERY_MS, over).catch(() => undefined);
  }
}
