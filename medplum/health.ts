import { z } from 'zod';
import { send, UnreachableError, type ServerTarget } from './transport';

/**
 * What Medplum answers to /healthcheck (seen on 5.0.10; `redisInstances` and `postgresReader` on 5.x with separate
 * instances). `ok` is always true: `postgres` and `redis` tell. An error answer has `msg` only.
 */
const healthBodySchema = z.looseObject({
  ok: z.boolean().optional(),
  version: z.string().optional(),
  postgres: z.boolean().optional(),
  postgresReader: z.boolean().optional(),
  redis: z.boolean().optional(),
  redisInstances: z.record(z.string(), z.boolean()).optional(),
  msg: z.string().optional(),
});
export type HealthBody = z.infer<typeof healthBodySchema>;

export type Health =
  /** `body` is null when the answer is not of Medplum's shape: something else stands there. */
  | { readonly kind: 'answered'; readonly status: number; readonly body: HealthBody | null }
  | { readonly kind: 'unreachable'; readonly reason: string };

/**
 * Asks /healthcheck once. A Medplum whose database does not answer lets this request hang for longer than 45 s, so
 * the limit is the caller's.
 */
export async function checkHealth(
  target: ServerTarget,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal }
): Promise<Health> {
  try {
    const { status, body } = await send(target, { method: 'GET', path: 'healthcheck', ...options });
    return { kind: 'answered', status, body: parseBody(body.toString()) };
  } catch (error) {
    if (error instanceof UnreachableError) {
      return { kind: 'unreachable', reason: error.message };
    }
    throw error;
  }
}

function parseBody(text: string): HealthBody | null {
  const parsed = jsonSchema.pipe(healthBodySchema).safeParse(text);
  return parsed.success ? parsed.data : null;
}

const jsonSchema = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('not JSON');
    return z.NEVER;
  }
});
