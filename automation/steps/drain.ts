import type { Step } from '../recovery/step';

/**
 * Stops the serving site by plan: no more writes, then all that was written is shipped to where it is moved to. Nothing is
 * lost, and from here until the cutover nobody is served.
 */
export const drain: Step<'drain'> = {
  id: 'drain',
  title: 'Stop the serving site and ship all of it',
  budgetSeconds: 60,
  async run({ operations, waiting, signal, environment }) {
    waiting(`site ${environment.site} to stop taking writes`);
    return operations.drain({ waiting, signal });
  },
  summarise: ({ position, recoveryPoint }) => `all up to ${position} is shipped, marked by ${recoveryPoint}`,
};
