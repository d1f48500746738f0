import { activeEndpointSchema, type ActiveEndpoint } from '../../components/config';
import { OperatorError } from '../../components/errors';
import type { ControlStore } from '../control/store';

function keyOf(environmentName: string): string {
  return `active/${environmentName}.json`;
}

/** Notes a cutover beside the journals, so that a project folder which has not heard of it is found out. */
export async function noteCutover(store: ControlStore, environmentName: string, active: ActiveEndpoint): Promise<void> {
  // One that slept through a later cutover does not take its word back.
  if ((await newerCutover(store, environmentName, active)) === null) {
    await store.replace(keyOf(environmentName), `${JSON.stringify(active)}\n`);
  }
}

/** The last cutover that any machine made, when it is newer than what config says; null else. */
export async function newerCutover(
  store: ControlStore,
  environmentName: string,
  known: ActiveEndpoint | undefined
): Promise<ActiveEndpoint | null> {
  const text = await store.read(keyOf(environmentName));
  if (text === null) {
    return null;
  }
  const noted = activeEndpointSchema.parse(JSON.parse(text));
  return noted.generation > (known?.generation ?? 0) ? noted : null;
}

/** Told to a driver whose project folder is older than the environment: it would recover a site that serves no more. */
export function staleConfig(environmentName: string, newer: ActiveEndpoint): OperatorError {
  return new OperatorError(
    'bad-input',
    `The config of environment "${environmentName}" is older than its last cutover: ${newer.site} (stack ${newer.stack}) serves since ${newer.since}, by run ${newer.recoveryId}.`,
    {
      hint: `Get the newest project folder: the stacks/Pulumi.*.yaml that the run wrote, of the environment and of stack ${newer.stack}.`,
    }
  );
}
