import type { PlatformEnvironment } from '../../components/platform';
import type { PreflightFinding } from '../../components/site-operations';
import type { EngineSession } from '../stacks/session';

/**
 * Everything that preflight finds. Where the recovery site serves the environment already, that alone is told: what else
 * is found there, such as taken ports, is the living environment itself, and nobody is to be told to stop it.
 */
export async function preflightFindings(
  { environment, session }: { environment: PlatformEnvironment; session: EngineSession },
  recoveryStack: string
): Promise<readonly PreflightFinding[]> {
  const serving = servingSite(environment, recoveryStack);
  if (serving.status === 'failed') {
    return [serving];
  }
  const [findings, backend] = await Promise.all([
    environment.operations().preflight(recoveryStack),
    session.checkBackend(),
  ]);
  return [serving, ...findings, backend];
}

/** A second recovery from the backups of the first site would bring back what was true before the first one. */
function servingSite({ config, site }: PlatformEnvironment, recoveryStack: string): PreflightFinding {
  const id = 'serving-site';
  const active = config.activeEndpoint;
  if (active === undefined || active.site === site) {
    return { id, status: 'passed', evidence: `the environment is served from ${site}` };
  }
  if (active.stack === recoveryStack) {
    return { id, status: 'passed', evidence: `traffic leads to ${active.site} by this very recovery` };
  }
  return {
    id,
    status: 'failed',
    evidence: `The environment is served from ${active.site} (stack ${active.stack}) since ${active.since}; the recovery points are of ${site} and older than that.`,
    remedy: `Recovering from them would lose every write since. Failing back to ${site} is not implemented yet: protect stack ${active.stack} by a backup of its own.`,
  };
}
