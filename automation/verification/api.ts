import { ApiClient } from '../../medplum/api-client';
import type { StepContext } from '../recovery/step';

/** Names of a client's id and secret in the environment's secrets. */
const CREDENTIALS = {
  superAdmin: { id: 'superAdminClientId', secret: 'superAdminClientSecret' },
  verification: { id: 'verificationClientId', secret: 'verificationClientSecret' },
} as const;

export type ApiAccess =
  { readonly client: ApiClient; readonly clientId: string } | { readonly client: null; readonly reason: string };

/** Limit of one request; a write to a warm server takes milliseconds, a cold one seconds. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The API of the recovered site, asked at its own address before any name leads to it. */
export async function apiClientOf(context: StepContext, who: keyof typeof CREDENTIALS): Promise<ApiAccess> {
  const { operations, environment, signal } = context;
  const { outputs } = context.result('recovery-stack');
  const names = CREDENTIALS[who];
  const [clientId, clientSecret] = await Promise.all([
    operations.secret(outputs, names.id),
    operations.secret(outputs, names.secret),
  ]);
  if (clientId === null || clientSecret === null) {
    return { client: null, reason: `the environment's secrets have no ${names.id} and ${names.secret}` };
  }
  const client = new ApiClient({
    endpoint: outputs.siteEndpoint,
    baseUrl: environment.config.application.baseUrl,
    credentials: { clientId, clientSecret },
    timeoutMs: REQUEST_TIMEOUT_MS,
    signal,
  });
  return { client, clientId };
}
