import type { SiteOutputs } from '../../components/site-operations';
import type { Emit } from '../events';
import { goodAnswers, STABLE_ANSWERS } from '../verification/good-answers';
import type { ServingSite } from './serving-site';
import { siteOutputsSchema } from './site-outputs';
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
  // Whoever brings a site back wants it back, also when the run that stopped it is being cancelled.
  const { signal } = new AbortController();
  const waiting = (text: string): void => {
    emit({ kind: 'activity-progress', text });
  };
  await environment.operations().unfence();
  const update = await engine.update(stack, {
    signal,
    onResource: () => undefined,
    onWaiting: waiting,
    onNote: (text) => {
      emit({ kind: 'warning', text });
    },
  });
  const outputs = siteOutputsSchema.parse(update.outputs);
  await goodAnswers({ environment, signal, waiting, verification, clock }, outputs, {
    before: 0,
    wanted: STABLE_ANSWERS,
  });
  return outputs;
}
