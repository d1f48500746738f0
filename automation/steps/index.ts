import type { StepId } from '../recovery/results';
import type { Step } from '../recovery/step';
import { applicationRecovery } from './application-recovery';
import { cutover } from './cutover';
import { drain } from './drain';
import { fence } from './fence';
import { health } from './health';
import { preflight } from './preflight';
import { protect } from './protect';
import { recoveryPoint } from './recovery-point';
import { recoveryStack } from './recovery-stack';
import { verifyData } from './verify-data';

/** The steps by their ids; their order is that of `STEPS_OF`. */
export const steps: { readonly [Id in StepId]: Step<Id> } = {
  preflight,
  drain,
  'recovery-point': recoveryPoint,
  fence,
  'recovery-stack': recoveryStack,
  'verify-data': verifyData,
  'application-recovery': applicationRecovery,
  health,
  cutover,
  protect,
};
