import type { Step } from '../recovery/step';

/** Chooses what to restore: the newest healthy recovery point, the one named, or the newest before a moment. */
export const recoveryPoint: Step<'recovery-point'> = {
  id: 'recovery-point',
  title: 'Recovery point',
  budgetSeconds: 10,
  onlyLooks: true,
  async run({ operations, target, emit, waiting }) {
    waiting('the list of recovery points');
    const plan = await operations.planRestore(target);
    for (const skipped of plan.skipped) {
      emit({ kind: 'warning', text: `Skipped recovery point ${skipped.id}: ${skipped.reasons.join('; ')}` });
    }
    return plan;
  },
  summarise: (plan) => `${plan.recoveryPoint} (${plan.kind}), up to ${plan.time}`,
};
