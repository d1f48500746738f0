import { badRequest, getStatus, OperationOutcomeError } from '@medplum/core';
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { IncomingMessage, ServerResponse } from 'node:http';

const maximumBodyBytes = 16 * 1024 * 1024;

/** What a route answers. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly content?: string | Buffer;
}

/** What a route is asked. The body is read when the route wants it. */
export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly message: IncomingMessage;
}

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    content: JSON.stringify(body),
  };
}

export function fhir(status: number, body: Resource, headers: Readonly<Record<string, string>> = {}): Reply {
  return json(status, body, { 'content-type': 'application/fhir+json; charset=utf-8', ...headers });
}

/** An OperationOutcome with the status that Medplum gives it. */
export function outcomeReply(outcome: OperationOutcome, status = getStatus(outcome)): Reply {
  return fhir(status, outcome);
}

/** The whole body. @throws OperationOutcomeError 400 above 16 MB */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maximumBodyBytes) {
      throw new OperationOutcomeError(badRequest('File too large'));
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body as JSON; undefined when there is none. @throws OperationOutcomeError 400 */
export async function readJsonBody(message: IncomingMessage): Promise<unknown> {
  const body = await readBody(message);
  if (body.length === 0) {
    return undefined;
  }
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new OperationOutcomeError(badRequest('Content could not be parsed'), { cause: error });
  }
}

/** Sends a reply. Closes the connection when the request's body was not read to its end. */
export function send(message: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const unread = message.complete ? {} : { connection: 'close' };
  response.writeHead(reply.status, {
    ...reply.headers,
    ...unread,
    'content-length': Buffer.byteLength(reply.content ?? ''),
  });
  response.end(reply.content);
}
