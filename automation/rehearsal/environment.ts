import path from 'node:path';
import { OperatorError } from '../../components/errors';
import { replicatedStoreIn } from '../../components/local/secrets';
import {
  SUPER_ADMIN_CLIENT_ID,
  SUPER_ADMIN_CLIENT_SECRET,
  VERIFICATION_CLIENT_ID,
  VERIFICATION_CLIENT_SECRET,
} from '../../components/secret-names';
import { readSecrets, secretsKey, writeSecrets } from '../../components/local/secrets-store/store';
import { until } from '../../components/local/process/daemon';
import type { PlatformEnvironment } from '../../components/platform';
import type { SiteOutputs } from '../../components/site-operations';
import { ApiClient, type ClientCredentials } from '../../medplum/api-client';
import { migrations } from '../../medplum/super-admin';
import { createProject } from '../../medplum/provisioning';
import { siteOutputsSchema } from '../recovery/site-outputs';
import { openEnvironment } from '../stacks/project';
import { EngineSession } from '../stacks/session';
import type { Engine } from '../engine';
import type { Narrator } from './narrator';
import { REHEARSAL_ENVIRONMENT, replicaIn, type RehearsalWorkspace } from './workspace';

/** The primary site of a rehearsal, up and with an ordinary client of its own. */
export interface RehearsalPrimary {
  readonly session: EngineSession;
  readonly environment: PlatformEnvironment;
  readonly outputs: SiteOutputs;
  readonly credentials: ClientCredentials;
  readonly api: ApiClient;
}

export interface RehearsalTools {
  readonly engine: Engine;
  readonly signal: AbortSignal;
  readonly narrator: Narrator;
}

/** Brings the primary up through the engine, as `pulumi up` would, and makes an ordinary project in it. */
export async function bringUpPrimary(workspace: RehearsalWorkspace, tools: RehearsalTools): Promise<RehearsalPrimary> {
  const { project } = workspace;
  const session = new EngineSession(tools.engine, project, { ...workspace.engineEnvironment });
  const environment = await openEnvironment(project, REHEARSAL_ENVIRONMENT);
  await session.ensureStack(REHEARSAL_ENVIRONMENT, () => Promise.resolve());
  const update = await session.update(REHEARSAL_ENVIRONMENT, {
    signal: tools.signal,
    onResource: () => undefined,
    onWaiting: tools.narrator.progress,
  });
  const outputs = siteOutputsSchema.parse(update.outputs);
  const operations = environment.operations();
  const client = async (idName: string, secretName: string): Promise<ClientCredentials> => {
    const [clientId, clientSecret] = [
      await operations.secret(outputs, idName),
      await operations.secret(outputs, secretName),
    ];
    if (clientId === null || clientSecret === null) {
      throw new OperatorError('recovery-failed', `The primary's secrets have no ${idName} and ${secretName}.`, {
        hint: 'This is a fault of the rehearsal; please report it.',
      });
    }
    return { clientId, clientSecret };
  };
  const target = {
    endpoint: outputs.siteEndpoint,
    baseUrl: environment.config.application.baseUrl,
    timeoutMs: 60_000,
    signal: tools.signal,
  };
  const superAdmin = new ApiClient({
    ...target,
    credentials: await client(SUPER_ADMIN_CLIENT_ID, SUPER_ADMIN_CLIENT_SECRET),
  });
  await migrationsDone(superAdmin, environment.config.application.startTimeout, tools);
  const credentials = await createProject(superAdmin, 'Rehearsal clinic');
  await storeCredentials(workspace, outputs, credentials);
  return { session, environment, outputs, credentials, api: new ApiClient({ ...target, credentials }) };
}

/**
 * Waits until the server has no post-deploy migration left: on an empty database a real one goes on with them for half
 * a minute after its port opens (seen on Medplum 5.0.10), and a drill is to be of an environment at rest.
 */
async function migrationsDone(superAdmin: ApiClient, seconds: number, tools: RehearsalTools): Promise<void> {
  let told = false;
  const done = await until(async () => {
    tools.signal.throwIfAborted();
    const { pendingPostDeployMigration: pending } = await migrations(superAdmin);
    if (pending !== 0 && !told) {
      told = true;
      tools.narrator.activity('Waiting for the server to end its post-deploy migrations');
    }
    return pending === 0;
  }, seconds * 1000);
  if (!done) {
    throw new OperatorError('recovery-failed', `The server's migrations did not end within ${seconds} s.`, {
      hint: 'Raise application.startTimeout, or look at the application log of the primary site.',
    });
  }
}

/** Puts the client where an operator would put it: into the environment's secrets, which are replicated. */
async function storeCredentials(
  workspace: RehearsalWorkspace,
  outputs: SiteOutputs,
  credentials: ClientCredentials
): Promise<void> {
  const key = await secretsKey(path.join(workspace.outside, 'keys', 'secrets.key'));
  const secrets = await readSecrets(outputs.secretsLocation, key);
  secrets.set(VERIFICATION_CLIENT_ID, credentials.clientId);
  secrets.set(VERIFICATION_CLIENT_SECRET, credentials.clientSecret);
  const replica = replicatedStoreIn(replicaIn(workspace));
  await writeSecrets([outputs.secretsLocation, replica], key, secrets);
}
