import type { ActiveEndpoint } from '../../components/config';
import { moveTraffic } from '../recovery/move-traffic';
import type { Step, StepContext } from '../recovery/step';
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
    const { takesTraffic, environment, environmentName, servingStack, configs, emit, verification, signal } = context;
    if (!takesTraffic) {
      return { moved: false, reason: 'a drill takes no traffic' };
    }
    const active = wantedEndpoint(context);
    const moved = await moveTraffic(context, active);
    if (servingStack !== environmentName) {
      // The front's own config tells already: this one has to be told that it is left, and stays stopped from now on.
      await configs.write(servingStack, { activeEndpoint: active });
    }
    const target = { endpoint: active, baseUrl: environment.config.application.baseUrl };
    const answer = await verification.probe(target, { timeoutMs: 10_000, signal });
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
      before: active.replaces,
      after: active.address,
      observedAt: moved.observedAt,
      checks: [check],
      resources: moved.update.resources,
    };
  },
  summarise: (result) =>
    result.moved ? `${result.before ?? 'nothing'} → ${result.after}, seen at ${result.observedAt}` : result.reason,
};

/** The endpoint to move to; the same one again when this run is repeated after a crash. */
function wantedEndpoint(context: StepContext): ActiveEndpoint {
  const { id, active, environment, recoveryStack, fencingNumber, clock, acceptedRecord } = context;
  if (active?.recoveryId === id) {
    return active;
  }
  return {
    ...context.result('recovery-stack').outputs.siteEndpoint,
    site: environment.recoverySite ?? recoveryStack,
    stack: recoveryStack,
    recoveryId: id,
    generation: fencingNumber,
    since: clock.now().toISOString(),
    replaces: acceptedRecord ?? context.result('preflight').record,
  };
}
