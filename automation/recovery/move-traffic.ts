import type { ActiveEndpoint } from '../../components/config';
import { TRAFFIC_TYPE_SUFFIX } from '../../components/environment';
import { OperatorError } from '../../components/errors';
import type { UpdateOutcome } from '../stacks/stack-engine';
import { stepProgress } from './engine-progress';
import { noteCutover } from './last-cutover';
import { currentRecord } from './record';
import type { StepContext } from './step';

export type TrafficContext = Pick<
  StepContext,
  | 'environmentName'
  | 'environment'
  | 'operations'
  | 'previous'
  | 'configs'
  | 'engine'
  | 'store'
  | 'clock'
  | 'signal'
  | 'waiting'
  | 'emit'
>;

/**
 * Moves the environment's name to an endpoint, by compare and set: a record that leads neither to what it is to replace
 * nor there already was changed by somebody else, and is left alone.
 * @throws OperatorError that shows both values then, and when the name still leads elsewhere long after the change.
 */
export async function moveTraffic(
  context: TrafficContext,
  active: ActiveEndpoint
): Promise<{ readonly observedAt: string; readonly update: UpdateOutcome }> {
  const { operations, environmentName, engine, waiting } = context;
  const found = await currentRecord(operations);
  if (found !== active.address && found !== active.replaces) {
    throw foreignChange(context, active, found);
  }
  waiting('the engine to update the traffic layer');
  await writeEndpoint(context, active);
  let update;
  try {
    update = await engine.update(environmentName, {
      ...stepProgress(context, 'cutover'),
      targetType: TRAFFIC_TYPE_SUFFIX,
    });
  } catch (error) {
    await restoreConfig(context, active);
    throw error;
  }
  await noteCutover(context.store, environmentName, active);
  return { observedAt: await watchName(context, active), update };
}

function foreignChange(
  { environment }: TrafficContext,
  { address, replaces }: ActiveEndpoint,
  found: string | null
): OperatorError {
  const { name } = environment.config.traffic;
  const [was, is] = [replaces ?? 'nothing', found ?? 'nothing'];
  return new OperatorError(
    'recovery-failed',
    `Somebody else changed ${name} during this run: it led to ${was}, and leads to ${is} now. It was not moved to ${address}.`,
    {
      hint: `Find out who moved it and why. To go on: set it back to ${was}, or resume with --accept-record ${is}.`,
    }
  );
}

/** Config must not say that the record moved when it did not; where that cannot be seen, the newer word stays. */
async function restoreConfig(context: TrafficContext, wanted: ActiveEndpoint): Promise<void> {
  const found = await currentRecord(context.operations).catch(() => wanted.address);
  if (found !== wanted.address) {
    await writeEndpoint(context, context.previous);
  }
}

/** Writes who serves to the front's config. */
export async function writeEndpoint(
  { configs, environmentName }: Pick<StepContext, 'configs' | 'environmentName'>,
  endpoint: ActiveEndpoint | null
): Promise<void> {
  await (endpoint === null
    ? configs.remove(environmentName, 'activeEndpoint')
    : configs.write(environmentName, { activeEndpoint: endpoint }));
}

async function watchName(context: TrafficContext, active: ActiveEndpoint): Promise<string> {
  const { operations, waiting, signal, environment, clock } = context;
  const { name, ttl } = environment.config.traffic;
  const deadline = clock.now().getTime() + Math.max(30, 2 * ttl) * 1000;
  for (;;) {
    const { addresses } = await operations.resolve();
    if (addresses.length === 1 && addresses[0] === active.address) {
      return clock.now().toISOString();
    }
    waiting(`${name} to resolve to ${active.address}; now ${addresses.join(', ') || 'nothing'}`);
    if (clock.now().getTime() > deadline) {
      throw new OperatorError(
        'recovery-failed',
        `${name} still resolves to ${addresses.join(', ') || 'nothing'} and not to ${active.address}.`,
        {
          hint: 'The record was changed; look at the name server, and at what lies between it and here. Resume the run to watch on.',
        }
      );
    }
    await clock.sleep(200, signal);
  }
}
