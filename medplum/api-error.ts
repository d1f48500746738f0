import { z } from 'zod';
import type { HttpAnswer, HttpRequest } from './transport';

const outcomeSchema = z.union([
  z
    .object({
      resourceType: z.literal('OperationOutcome'),
      issue: z.array(
        z.object({ details: z.object({ text: z.string() }).optional(), diagnostics: z.string().optional() })
      ),
    })
    .transform(({ issue }) =>
      issue.flatMap(({ details, diagnostics }) => details?.text ?? diagnostics ?? []).join('; ')
    ),
  z
    .object({ error: z.string(), error_description: z.string().optional() })
    .transform((oauth) => [oauth.error, oauth.error_description].filter((text) => text !== undefined).join(': ')),
  z.object({ msg: z.string() }).transform(({ msg }) => msg),
]);

/** What a FHIR, OAuth or Express error answer says; null when it is none of them. */
export function outcomeText(body: unknown): string | null {
  const parsed = outcomeSchema.safeParse(body);
  return parsed.success ? parsed.data : null;
}

/** The server answered, with an error. Neither the request's body nor its headers are in it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Text of the server's OperationOutcome; null when it gave none. */
  readonly outcome: string | null;

  constructor(request: Pick<HttpRequest, 'method' | 'path'>, answer: HttpAnswer, body: unknown) {
    const outcome = outcomeText(body);
    super(`${request.method} ${request.path}: ${answer.status}${outcome === null ? '' : ` ${outcome}`}`);
    this.status = answer.status;
    this.outcome = outcome;
  }
}
