import path from 'node:path';
import { OperatorError } from '../../components/errors';
import type { PlatformEnvironment } from '../../components/platform';
import type { EngineSession } from '../stacks/session';
import type { Check } from '../verification/check';
import { removeCopy } from './drill-copy';
import { Journal } from './journal';
import { lockEnvironment } from './lock';

export interface RemoveRunSetup {
  readonly id: string;
  readonly environmentName: string;
  readonly environment: PlatformEnvironment;
  readonly session: EngineSession;
  readonly onWaiting: (what: string) => void;
}

/** Removes the recovery stack of a run, unless it serves the environment. @throws OperatorError. */
export async function removeRunOf(setup: RemoveRunSetup): Promise<Check> {
  const { id, environmentName, environment, session, onWaiting } = setup;
  const lock = await lockEnvironment(environmentName, environment.controlDirectory);
  try {
    const journal = new Journal(path.join(environment.controlDirectory, 'recoveries', id));
    const [first] = await journal.read();
    if (first?.kind !== 'run' || first.environment !== environmentName) {
      throw new OperatorError('bad-input', `Environment "${environmentName}" has no run "${id}".`, {
        hint: `medplum-dr status ${environmentName} lists them.`,
      });
    }
    const stack = first.recoveryStack;
    if (environment.config.activeEndpoint?.stack === stack) {
      throw new OperatorError('bad-input', `Stack ${stack} serves environment "${environmentName}".`, {
        hint: 'It is not removed: it holds the data that clients write now.',
      });
    }
    const check = await removeCopy({ session, operations: environment.operations(), stack }, onWaiting);
    if (check.status === 'passed') {
      await journal.append({ kind: 'stack-removed', at: new Date().toISOString() });
    }
    return check;
  } finally {
    await lock.release();
  }
}
