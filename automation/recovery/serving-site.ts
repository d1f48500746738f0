import type { PlatformEnvironment } from '../../components/platform';
import type { PreflightFinding } from '../../components/site-operations';
import type { StackConfigs } from '../stacks/stack-configs';
import type { StackEngine } from '../stacks/stack-engine';

/** The stack that serves an environment now, with its own config: what a recovery recovers. */
export interface ServingSite {
  readonly stack: string;
  readonly environment: PlatformEnvironment;
}

/** By the front's config, which each cutover writes. @param stack what a run that goes on began with. */
export async function servingSite(
  configs: StackConfigs,
  { environmentName, front, stack }: { environmentName: string; front: PlatformEnvironment; stack?: string }
): Promise<ServingSite> {
  const serving = stack ?? front.config.activeEndpoint?.stack ?? environmentName;
  return { stack: serving, environment: serving === environmentName ? front : await configs.open(serving) };
}

/**
 * Everything that preflight finds. Where nothing protects the serving site, that alone is told: what else is found at a
 * site that there is not tells nothing.
 */
export async function preflightFindings(
  { environment, engine }: { environment: PlatformEnvironment; engine: StackEngine },
  { environmentName, recoveryStack }: { environmentName: string; recoveryStack: string }
): Promise<readonly PreflightFinding[]> {
  const id = 'recovery-site';
  if (environment.recoverySite === undefined) {
    return [
      {
        id,
        status: 'failed',
        evidence: `The environment is served from ${environment.site}, and nothing protects it: there is no other site that its data is shipped to.`,
        remedy: `Protect it first: medplum-dr protect ${environmentName}. Or set medplum-dr:recoverySite.`,
      },
    ];
  }
  const [findings, backend] = await Promise.all([
    environment.operations().preflight(recoveryStack),
    engine.checkBackend(),
  ]);
  return [...findings, backend];
}
