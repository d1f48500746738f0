import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the gateway does with an action instead of passing it on: an HTTP status, and the code of AWS's error. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  /** How often; always when absent. */
  readonly times?: number;
}

/** Stands before moto, writes down what is asked for, and answers in its place where a test wants something else. */
export interface Gateway {
  readonly endpoint: string;
  /** Actions in the order they were asked for, such as `rds:DescribeDBClusters`; REST calls as `s3:GET /bucket?location`. */
  readonly actions: readonly string[];
  /** Answers every action that begins so with an error; nothing is passed on. */
  readonly refuse: (action: string, refusal?: Refusal) => void;
  /** Changes the text of an action's answers: for what moto leaves out. */
  readonly amend: (action: string, change: (text: string) => string) => void;
  readonly stop: () => Promise<void>;
}

export async function startGateway(moto: string | null): Promise<Gateway> {
  const actions: string[] = [];
  const refusals = new Map<string, Refusal>();
  const amendments = new Map<string, (text: string) => string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const action = actionOf(request, body.toString());
      actions.push(action);
      const refused = refusalOf(action);
      if (refused !== undefined || moto === null) {
        refuse(request, response, refused ?? { status: 403, code: 'AccessDenied' });
        return;
      }
      passOn(moto, { request, body, response, change: amendments.get(action) ?? ((text) => text) });
    });
  });
  const refusalOf = (action: string): Refusal | undefined => {
    const [prefix, refusal] = [...refusals].find(([start]) => action.startsWith(start)) ?? [];
    if (prefix === undefined || refusal?.times === undefined) {
      return refusal;
    }
    refusals.set(prefix, { ...refusal, times: refusal.times - 1 });
    return refusal.times > 0 ? refusal : undefined;
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    actions,
    refuse: (action, refusal = { status: 403, code: 'AccessDenied' }) => refusals.set(action, refusal),
    amend: (action, change) => amendments.set(action, change),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The service is in the signature's scope, the action in a header, a form or the path, as the service's protocol has it. */
function actionOf(request: IncomingMessage, body: string): string {
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const target = request.headers['x-amz-target'];
  const action =
    typeof target === 'string' ? target.split('.').at(-1) : (new URLSearchParams(body).get('Action') ?? undefined);
  return `${scope}:${action ?? `${request.method ?? ''} ${request.url ?? ''}`}`;
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, code }: Refusal): void {
  const isJson = request.headers['x-amz-target'] !== undefined;
  const error = `<Code>${code}</Code><Message>User: arn:aws:iam::123456789012:user/init is not authorized</Message>`;
  // S3 alone has no envelope around it (S3 API reference, "REST error responses").
  const isS3 = (request.headers.authorization ?? '').includes('/s3/aws4_request');
  response.writeHead(status, { 'content-type': isJson ? 'application/x-amz-json-1.1' : 'text/xml' });
  response.end(
    isJson
      ? JSON.stringify({ __type: code, message: 'not authorized' })
      : isS3
        ? `<Error>${error}</Error>`
        : `<ErrorResponse><Error><Type>Sender</Type>${error}</Error></ErrorResponse>`
  );
}

interface Passed {
  readonly request: IncomingMessage;
  readonly body: Buffer;
  readonly response: ServerResponse;
  readonly change: (text: string) => string;
}

function passOn(moto: string, { request, body, response, change }: Passed): void {
  const { host } = new URL(moto);
  const onward = httpRequest(
    new URL(request.url ?? '/', moto),
    { method: request.method, headers: { ...request.headers, host } },
    (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const text = Buffer.from(change(Buffer.concat(chunks).toString()));
        const headers = { ...answer.headers, 'content-length': String(text.length) };
        Reflect.deleteProperty(headers, 'transfer-encoding');
        response.writeHead(answer.statusCode ?? 502, headers);
        response.end(text);
      });
    }
  );
  onward.on('error', (error) => response.destroy(error));
  onward.end(body);
}
