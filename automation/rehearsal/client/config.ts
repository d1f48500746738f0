import { z } from 'zod';
import { endpointSchema } from '../../../components/config';

export const CONFIG_VARIABLE = 'MEDPLUM_DR_CLIENT';
export const SECRET_VARIABLE = 'MEDPLUM_DR_CLIENT_SECRET';

/** Config of the client process, as JSON in `MEDPLUM_DR_CLIENT`; its secret is in `MEDPLUM_DR_CLIENT_SECRET`. */
export const rehearsalClientConfigSchema = z.strictObject({
  /** The environment's DNS name. */
  name: z.string().min(1),
  /** The only name server that is asked. */
  dnsServer: endpointSchema,
  /** Port of the API at whatever address the name has. */
  port: endpointSchema.shape.port,
  /** Public address of the API, with a trailing slash. */
  baseUrl: z.url(),
  /** An ordinary project's client. */
  clientId: z.string().min(1),
  /** File that events are appended to, one JSON line each. */
  journal: z.string().min(1),
  /** From the start of one write to the start of the next. */
  intervalMs: z.int().positive().default(100),
  /** Limit of each request. */
  timeoutMs: z.int().positive().default(2000),
  /** It ends by itself after this time, should whoever started it be gone. */
  longestSeconds: z.number().positive().default(3600),
});
export type RehearsalClientConfig = z.input<typeof rehearsalClientConfigSchema>;
