import http from 'node:http';
import https from 'node:https';
import { buffer } from 'node:stream/consumers';
import type { Endpoint } from '../components/config';
import { messageOf } from '../components/errors';

/** A Medplum server: where it is reached, and the public address it is asked as. */
export interface ServerTarget {
  /** Connected to as it is, whatever DNS says: so a site is asked before traffic is moved to it. */
  readonly endpoint: Endpoint;
  /** Public address of the API with a trailing slash; its host is sent as `Host` and, with https, checked in the certificate. */
  readonly baseUrl: string;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Relative to the base address, without a leading slash; or a full address below it. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Limit for the whole answer, connecting included. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The server gave no whole answer: refused, reset, or too late. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/**
 * Sends one request once and reads the whole answer, of any status.
 * @throws UnreachableError when no whole answer came; the signal's reason when the caller aborted.
 */
export async function send(target: ServerTarget, request: HttpRequest): Promise<HttpAnswer> {
  request.signal?.throwIfAborted();
  const url = new URL(request.path, target.baseUrl);
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  try {
    const response = await answerTo(target, url, request, signal);
    return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
  } catch (error) {
    request.signal?.throwIfAborted();
    const { address, port } = target.endpoint;
    const reason = timeout.aborted ? `no answer within ${request.timeoutMs} ms` : messageOf(error);
    throw new UnreachableError(`${address}:${port}: ${reason}`, { cause: error });
  }
}

function answerTo(
  target: ServerTarget,
  url: URL,
  request: HttpRequest,
  signal: AbortSignal
): Promise<http.IncomingMessage> {
  const options: https.RequestOptions = {
    method: request.method,
    host: target.endpoint.address,
    port: target.endpoint.port,
    path: url.pathname + url.search,
    headers: {
      ...request.headers,
      host: url.host,
      ...(request.body === undefined ? {} : { 'content-length': Buffer.byteLength(request.body) }),
    },
    signal,
  };
  return new Promise((resolve, reject) => {
    const outgoing =
      url.protocol === 'https:' ? https.request({ ...options, servername: url.hostname }) : http.request(options);
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    outgoing.end(request.body);
  });
}
