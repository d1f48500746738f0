import { OperatorError } from '../../components/errors';
import type { Step } from '../recovery/step';

/** Stops the old primary from taking writes, as far as it can be reached. A drill leaves production alone. */
export const fence: Step<'fence'> = {
  id: 'fence',
  title: 'Fence the old primary',
  budgetSeconds: 30,
  async run({ takesTraffic, operations, acceptUnfencedPrimary, emit, waiting, environment }) {
    if (!takesTraffic) {
      return { state: 'not-attempted', detail: 'a drill takes no traffic and leaves the primary alone' };
    }
    waiting(`site ${environment.site} to stop taking writes`);
    const result = await operations.fence();
    if (result.state !== 'still-writable') {
      return result;
    }
    if (!acceptUnfencedPrimary) {
      throw new OperatorError('recovery-failed', `The old primary still takes writes: ${result.detail}`, {
        hint: 'Stop it and resume the run. If two writers are the lesser evil: --accept-unfenced-primary.',
      });
    }
    emit({ kind: 'warning', text: `Going on although the old primary still takes writes: ${result.detail}` });
    return result;
  },
  summarise: (result) => `${result.state}: ${result.detail}`,
};
