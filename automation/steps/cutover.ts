import type { ActiveEndpoint } from '../../components/config';
import { OperatorError } from '../../components/errors';
import { moveTraffic } from '../recovery/move-traffic';
import { isPlanned } from '../recovery/results';
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
    await requireStopped(context);
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

/**
 * What could not be reached when it was fenced may be back by now, and take writes until it finds itself fenced: then it
 * is fenced here. What was stopped by plan and runs again has writes that the new site lacks.
 */
async function requireStopped(context: StepContext): Promise<void> {
  const { operations, environment, mode, acceptUnfencedPrimary, emit } = context;
  const { site } = environment;
  const found = await operations.condition();
  if (found.kind !== 'taking-writes' || acceptUnfencedPrimary) {
    return;
  }
  if (isPlanned(mode)) {
    throw new OperatorError('recovery-failed', `${site} was started again: ${found.detail}.`, {
      hint: 'What was written there since is not on the new site. Abort this run, and start a new one.',
    });
  }
  const fenced = await operations.fence();
  if (fenced.state === 'still-writable') {
    throw new OperatorError('recovery-failed', `The old primary takes writes again: ${fenced.detail}`, {
      hint: 'Stop it and resume the run. If two writers are the lesser evil: --accept-unfenced-primary.',
    });
  }
  emit({ kind: 'warning', text: `${site} had come back and was fenced again: what was written there since is lost` });
}

/** The endpoint to move to; the same one again when this run is repeated after a crash. */
function wantedEndpoint(context: StepContext): ActiveEndpoint {
  const { id, active, environment, recoveryStack, fencingNumber, clock, acceptedRecord } = context;
  if (active?.recoveryId === id) {
    return acceptedRecord === null ? active : { ...active, generation: fencingNumber, replaces: acceptedRecord };
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
