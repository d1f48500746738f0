import {
  SUPER_ADMIN_CLIENT_ID,
  SUPER_ADMIN_CLIENT_SECRET,
  VERIFICATION_CLIENT_ID,
  VERIFICATION_CLIENT_SECRET,
} from '../../components/secret-names';
import { ApiClient } from '../../medplum/api-client';
import type { SiteUnderTest } from './site';

/** Names of a client's id and secret in the environment's secrets. */
const CREDENTIALS = {
  superAdmin: { id: SUPER_ADMIN_CLIENT_ID, secret: SUPER_ADMIN_CLIENT_SECRET },
  verification: { id: VERIFICATION_CLIENT_ID, secret: VERIFICATION_CLIENT_SECRET },
} as const;

export type ApiAccess =
  { readonly client: ApiClient; readonly clientId: string } | { readonly client: null; readonly reason: string };

/** Limit of one request; a write to a warm server takes milliseconds, a cold one seconds. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The API of the recovered site, asked at its own address before any name leads to it. */
export async function apiClientOf(context: SiteUnderTest, who: keyof typeof CREDENTIALS): Promise<ApiAccess> {
  const { operations } = context;
  const { outputs } = context.result('recovery-stack');
  const names = CREDENTIALS[who];
  const [clientId, clientSecret] = await Promise.all([
    operations.secret(outputs, names.id),
    operations.secret(outputs, names.secret),
  ]);
  if (clientId === null || clientSecret === null) {
    return { client: null, reason: `the environment's secrets have no ${names.id} and ${names.secret}` };
  }
  return { client: new ApiClient({ ...target(context), credentials: { clientId, clientSecret } }), clientId };
}

/** The same API for what everyone may ask. */
export function anonymousClientOf(context: SiteUnderTest): ApiClient {
  return new ApiClient(target(context));
}

function target({ environment, signal, result }: SiteUnderTest): ConstructorParameters<typeof ApiClient>[0] {
  const { siteEndpoint } = result('recovery-stack').outputs;
  const { baseUrl } = environment.config.application;
  return { endpoint: siteEndpoint, baseUrl, timeoutMs: REQUEST_TIMEOUT_MS, signal };
}
