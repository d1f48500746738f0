import { OperatorError } from '../../../components/errors';
import { until } from '../../../components/local/process/daemon';
import { destroySite } from '../destroy-site';
import type { Scenario, ScenarioContext } from './scenario';

/** The site burns down while a client is writing: its processes are killed and its folder is gone. */
export const siteLoss: Scenario = {
  name: 'site-loss',
  title: 'The primary site is lost while a client is writing',
  async strike(context) {
    const lostAt = await loseSite(context);
    return { lostAt, target: { kind: 'latest' }, verify: () => Promise.resolve([]) };
  },
};

/** Destroys the primary site and waits until the monitoring has noticed. */
export async function loseSite({ workspace, primary, signal, narrator }: ScenarioContext): Promise<Date> {
  const lostAt = new Date();
  await destroySite(workspace.sites.primary);
  narrator.note(`Site ${primary.environment.site} is gone: processes killed, folder removed.`);
  narrator.activity('Waiting for the monitoring to notice');
  const operations = primary.environment.operations();
  const noticed = await until(async () => {
    signal.throwIfAborted();
    return (await operations.lastOutage()) !== null;
  }, 120_000);
  if (!noticed) {
    throw new OperatorError('recovery-failed', 'The monitoring did not notice within 120 s that the site was lost.', {
      hint: `Look at ${workspace.outside}/logs/watcher.log.`,
    });
  }
  return lostAt;
}
