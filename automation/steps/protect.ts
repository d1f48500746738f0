import { protectSite } from '../recovery/protect-site';
import type { Step } from '../recovery/step';

/** Arms backups and replication the other way round, and waits for the recovery point that proves it. */
export const protect: Step<'protect'> = {
  id: 'protect',
  title: 'Protect the new site',
  budgetSeconds: 300,
  run(context) {
    return protectSite(context, { stack: context.recoveryStack, otherStack: context.servingStack });
  },
  summarise: ({ recoveryPoint, site }) => `protected at ${site}, proven by ${recoveryPoint}`,
};
