import { OperatorError } from '../../components/errors';
import type { PlatformEnvironment } from '../../components/platform';
import { recoveryStackConfig } from '../steps/recovery-stack';
import { requireNotUndone, requireOpen } from './find-run';
import type { JournalEntry, RunHeader } from './journal';
import type { Held } from './locked';
import type { RecoverySetup } from './recover';
import type { RunSetup } from './run';
import { servingSite } from './serving-site';

/** A resumed run keeps what it was asked for at first. */
export async function headerOf(
  { request, environmentName, world }: RecoverySetup,
  { front }: Held,
  { past, id, overrides }: { past: readonly JournalEntry[]; id: string; overrides: readonly string[] }
): Promise<RunHeader> {
  if (request.kind === 'resume') {
    const header = requireOpen(id, past);
    requireNotUndone(id, past);
    return header;
  }
  if (past.length > 0) {
    // A driver that slept before it began finds that another one began, and maybe ended, this very run.
    throw new OperatorError('bad-input', `There is a run "${id}" already.`, { hint: `medplum-dr resume ${id}` });
  }
  const { mode, takesTraffic, target, lostAt, commitAfterSeconds } = request;
  const serving = await servingSite(world.configs, { environmentName, front });
  return {
    id,
    mode,
    takesTraffic,
    environment: environmentName,
    servingStack: serving.stack,
    previous: front.config.activeEndpoint ?? null,
    target,
    recoveryStack: `${environmentName}-${id}`,
    startedAt: world.clock.now().toISOString(),
    lostAt: lostAt?.toISOString() ?? null,
    commitAfterSeconds: commitAfterSeconds ?? front.config.recovery.commitAfter,
    overrides,
  };
}

/** A failback returns to where the environment stood at first, and so needs to stand elsewhere. */
export function requireFailback(
  { mode, environment: name, servingStack }: RunHeader,
  { front, environment }: { front: PlatformEnvironment; environment: PlatformEnvironment }
): void {
  if (mode !== 'failback') {
    return;
  }
  if (environment.site === front.site) {
    throw new OperatorError(
      'bad-input',
      `Environment "${name}" is served from ${front.site}, where it stood at first.`,
      {
        hint: `To move it to its recovery site: medplum-dr switchover ${name}.`,
      }
    );
  }
  if (environment.recoverySite !== front.site) {
    const where = environment.recoverySite ?? 'nowhere';
    throw new OperatorError(
      'preflight-failed',
      `What serves now (stack ${servingStack}, site ${environment.site}) is protected at ${where}, and not at ${front.site}: there is nothing to fail back from.`,
      { hint: `Once ${front.site} is sound again: medplum-dr protect ${name}, then medplum-dr failback ${name}.` }
    );
  }
}

/** A run that goes on in another project folder than it began in finds the stack that it made, and not its config. */
export async function bringConfig(context: RunSetup['context'], past: readonly JournalEntry[]): Promise<void> {
  const { configs, recoveryStack: stack } = context;
  const plan = past.find((entry) => entry.kind === 'step-done' && entry.step === 'recovery-point');
  const isMade = past.some((entry) => entry.kind === 'step-done' && entry.step === 'recovery-stack');
  if (isMade && plan?.kind === 'step-done' && !(await configs.names()).includes(stack)) {
    const comment = ` Recovery ${context.id} of environment ${context.environmentName}, written by medplum-dr.`;
    await configs.write(stack, recoveryStackConfig(context, plan.result), comment);
  }
}
