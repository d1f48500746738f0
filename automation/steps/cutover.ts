import { setTimeout as sleep } from 'node:timers/promises';
import type { ActiveEndpoint } from '../../components/config';
import { TRAFFIC_TYPE_SUFFIX } from '../../components/environment';
import { OperatorError } from '../../components/errors';
import { checkHealth } from '../../medplum/health';
import type { Step, StepContext } from '../recovery/step';
import { removeStackConfig, writeStackConfig } from '../stacks/project';
import { judged } from '../verification/check';

const reached = { id: 'endpoint-by-name', title: 'The environment answers under its own name' };

/**
 * Moves traffic: the primary stack's traffic layer alone is updated, which touches nothing of the lost site; then what
 * clients resolve is watched until the new endpoint is what they get.
 */
export const cutover: Step<'cutover'> = {
  id: 'cutover',
  title: 'Cutover',
  budgetSeconds: 90,
  async run(context) {
    const { takesTraffic, operations, project, environmentName, environment, session, emit, waiting, signal } = context;
    if (!takesTraffic) {
      return { moved: false, reason: 'a drill takes no traffic' };
    }
    const before = (await operations.resolve()).addresses[0] ?? null;
    const active = wantedEndpoint(context);
    waiting('the engine to update the traffic layer');
    await writeStackConfig(project, environmentName, { activeEndpoint: active });
    let update;
    try {
      update = await session.update(environmentName, {
        signal,
        targetType: TRAFFIC_TYPE_SUFFIX,
        onResource: (resource) => {
          emit({ kind: 'resource', step: 'cutover', ...resource });
        },
        onWaiting: waiting,
        onNote: (text) => {
          emit({ kind: 'warning', text });
        },
      });
    } catch (error) {
      // The record did not move, so config must not say that it did.
      const previous = environment.config.activeEndpoint;
      await (previous === undefined
        ? removeStackConfig(project, environmentName, 'activeEndpoint')
        : writeStackConfig(project, environmentName, { activeEndpoint: previous }));
      throw error;
    }
    const observedAt = await watchNames(context, active);
    const target = { endpoint: active, baseUrl: environment.config.application.baseUrl };
    const answer = await checkHealth(target, { timeoutMs: 10_000, signal });
    const good = answer.kind === 'answered' && answer.status === 200;
    const check = judged(
      reached,
      good,
      good ? `${environment.config.traffic.name} leads to ${active.address} and answers 200` : 'no good answer'
    );
    emit({ kind: 'check', step: 'cutover', check });
    return {
      moved: true,
      active,
      before,
      after: active.address,
      observedAt,
      checks: [check],
      resources: update.resources,
    };
  },
  summarise: (result) =>
    result.moved ? `${result.before ?? 'nothing'} → ${result.after}, seen at ${result.observedAt}` : result.reason,
};

/** The endpoint to move to; the same one again when this run is repeated after a crash. */
function wantedEndpoint(context: StepContext): ActiveEndpoint {
  const { id, environment, recoveryStack } = context;
  const { outputs } = context.result('recovery-stack');
  const current = environment.config.activeEndpoint;
  if (current?.recoveryId === id) {
    return current;
  }
  return {
    ...outputs.siteEndpoint,
    site: environment.recoverySite ?? recoveryStack,
    stack: recoveryStack,
    recoveryId: id,
    generation: (current?.generation ?? 0) + 1,
    since: new Date().toISOString(),
  };
}

async function watchNames(context: StepContext, active: ActiveEndpoint): Promise<string> {
  const { operations, waiting, signal, environment } = context;
  const { name, ttl } = environment.config.traffic;
  const deadline = Date.now() + Math.max(30, 2 * ttl) * 1000;
  for (;;) {
    const { addresses } = await operations.resolve();
    if (addresses.length === 1 && addresses[0] === active.address) {
      return new Date().toISOString();
    }
    waiting(`${name} to resolve to ${active.address}; now ${addresses.join(', ') || 'nothing'}`);
    if (Date.now() > deadline) {
      throw new OperatorError(
        'recovery-failed',
        `${name} still resolves to ${addresses.join(', ') || 'nothing'} and not to ${active.address}.`,
        { hint: 'The record was changed; look at the name server. Run the same command again to watch on.' }
      );
    }
    await sleep(200, undefined, { signal });
  }
}
