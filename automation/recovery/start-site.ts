import { OperatorError } from '../../components/errors';
import type { SiteOutputs } from '../../components/site-operations';
import type { Emit } from '../events';
import { goodAnswers, STABLE_ANSWERS } from '../verification/good-answers';
import type { ServingSite } from './serving-site';
import { commandProgress } from './engine-progress';
import { currentRecord } from './record';
import { frontOutputsSchema, siteOutputsSchema } from './site-outputs';
import type { World } from './world';

/**
 * Starts a site again that was fenced by this tool and is sound, and waits until it is healthy at its own address. No
 * traffic is moved. While the environment is served from elsewhere its config has to say so (`startDespite`).
 * @throws OperatorError when it does not come up.
 */
export async function startSite(
  { world, emit }: { readonly world: World; readonly emit: Emit },
  { stack, environment }: ServingSite
): Promise<SiteOutputs> {
  const { clock, verification, engine } = world;
  const progress = commandProgress(emit);
  const { signal, onWaiting: waiting } = progress;
  if (environment.config.role === 'primary') {
    await requireOwnRecord({ engine }, { stack, environment });
  }
  await environment.operations().unfence();
  const update = await engine.update(stack, progress);
  const outputs = siteOutputsSchema.parse(update.outputs);
  await goodAnswers({ environment, signal, waiting, verification, clock }, outputs, {
    before: 0,
    wanted: STABLE_ANSWERS,
  });
  return outputs;
}

/**
 * The front's update sets the record too, to what its config says: a change by somebody else would be written over.
 * @throws OperatorError that shows both values.
 */
export async function requireOwnRecord(
  { engine }: Pick<World, 'engine'>,
  { stack, environment }: ServingSite
): Promise<void> {
  const { endpoint } = frontOutputsSchema.parse(await engine.outputs(stack));
  const record = await currentRecord(environment.operations());
  if (endpoint == null || endpoint.address === record) {
    return;
  }
  const { name } = environment.config.traffic;
  const is = record ?? 'nothing';
  throw new OperatorError(
    'recovery-failed',
    `Somebody else changed ${name}: this tool set it to ${endpoint.address}, and it leads to ${is} now. Nothing was changed.`,
    {
      hint: `Find out who moved it and why. To go on: set it back to ${endpoint.address}, and run the same command again.`,
    }
  );
}
