import { stepProgress } from './engine-progress';
import type { Protection } from './results';
import type { StepContext } from './step';

/** How often the other site is asked for the first recovery point. */
const PAUSE_MS = 1000;

/**
 * Arms a serving stack's backups and replication towards the site of another stack, and waits until a fresh recovery
 * point lies there: until then the environment counts as unprotected. It may be called again at any time.
 */
export async function protectSite(
  context: Pick<StepContext, 'configs' | 'engine' | 'clock' | 'signal' | 'waiting' | 'emit'>,
  { stack, otherStack }: { readonly stack: string; readonly otherStack: string }
): Promise<Protection> {
  const { configs, engine, clock, signal, waiting } = context;
  const unprotected = await configs.open(stack);
  await configs.write(stack, unprotected.protectionConfig(await configs.read(otherStack)));
  const environment = await configs.open(stack);
  const operations = environment.operations();
  const earlier = new Set((await operations.recoveryPoints()).map((point) => point.id));
  waiting('the engine to arm backups and replication');
  await engine.update(stack, stepProgress(context, 'protect'));
  for (;;) {
    const healthy = (await operations.recoveryPoints()).filter((point) => point.state.kind === 'healthy');
    const hasBase = healthy.some((point) => point.kind === 'base-backup');
    const proof = healthy.filter((point) => !earlier.has(point.id)).at(-1);
    if (hasBase && proof !== undefined) {
      return { site: environment.recoverySite ?? '', recoveryPoint: proof.id, since: proof.time };
    }
    const progress = await operations.protectionProgress();
    const so = progress === null ? '' : `; so far ${progress}`;
    waiting(`a fresh recovery point at ${environment.recoverySite ?? 'the other site'}${so}`);
    await clock.sleep(PAUSE_MS, signal);
  }
}
