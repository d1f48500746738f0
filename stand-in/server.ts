import { forbidden, normalizeOperationOutcome, notFound } from '@medplum/core';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Application } from './application';
import { outcomeReply, type Reply, type Request, send } from './http';
import { log } from './log';
import { cronSchedules, createClient, jobStatus, migrations, reloadCron } from './routes/admin';
import { readBinary, writeBinary } from './routes/binary';
import { fhirRequest } from './routes/fhir';
import { health, root } from './routes/health';
import { metadata } from './routes/metadata';
import { token } from './routes/token';
import { jwks, openIdConfiguration } from './routes/well-known';

/** The HTTP server of a started application; it does not listen yet. */
export function createHttpServer(application: Application): Server {
  return createServer((message, response) => {
    answer(application, message)
      .then((reply) => {
        send(message, response, reply);
      })
      .catch((error: unknown) => {
        // Such as a stored content type that is no header value: one client's answer, not the end of the server.
        log('ERROR', 'An answer could not be sent', { error: String(error) });
        response.destroy();
      });
  });
}

/** Never rejects: what a route throws becomes an OperationOutcome, a 400 where nothing better is known, as Medplum's. */
async function answer(application: Application, message: IncomingMessage): Promise<Reply> {
  try {
    const url = new URL(message.url ?? '/', 'http://localhost');
    const request: Request = { method: message.method ?? 'GET', url, message };
    return await (openRoute(application, request) ?? protectedRoute(application, request));
  } catch (error) {
    return outcomeReply(normalizeOperationOutcome(error));
  }
}

/** The routes that need no login. */
function openRoute(application: Application, request: Request): Reply | Promise<Reply> | undefined {
  switch (`${request.method} ${request.url.pathname}`) {
    case 'GET /':
      return root(application);
    case 'GET /healthcheck':
    case 'GET /api/healthcheck':
      return health(application);
    case 'GET /.well-known/jwks.json':
      return jwks(application);
    case 'GET /.well-known/openid-configuration':
      return openIdConfiguration(application);
    case 'POST /oauth2/token':
      return token(application, request);
    case 'GET /fhir/R4/metadata':
      return metadata(application);
    default:
      return undefined;
  }
}

async function protectedRoute(application: Application, request: Request): Promise<Reply> {
  const { pathname } = request.url;
  const [area, ...parts] = pathname.split('/').filter((part) => part !== '');
  if (area !== 'admin' && !(area === 'fhir' && parts[0] === 'R4')) {
    return outcomeReply(notFound);
  }
  const principal = await application.authentication.principalOf(request.message.headers.authorization);
  if (area === 'admin') {
    return adminRoute(application, request, principal, parts);
  }
  const [, type, id, third] = parts;
  const { method } = request;
  if (type === 'job' && id !== undefined && third === 'status' && method === 'GET') {
    return jobStatus(application, principal, id);
  }
  if (type === 'Binary' && third === undefined) {
    if (method === 'POST' && id === undefined) {
      return writeBinary(application, request, principal, id);
    }
    if (method === 'PUT' && id !== undefined) {
      return writeBinary(application, request, principal, id);
    }
    if (method === 'GET' && id !== undefined) {
      return readBinary(application, request, principal, id);
    }
  }
  return fhirRequest(application, request, principal, parts.slice(1).join('/'));
}

async function adminRoute(
  application: Application,
  request: Request,
  principal: Parameters<typeof migrations>[1],
  parts: readonly string[]
): Promise<Reply> {
  const [section, name, third] = parts;
  if (request.method === 'POST' && section === 'projects' && name !== undefined && third === 'client') {
    return createClient(application, request, principal, name);
  }
  if (section === 'super' && !principal.superAdmin) {
    return outcomeReply(forbidden);
  }
  switch (`${request.method} ${parts.join('/')}`) {
    case 'GET super/migrations':
      return migrations(application, principal);
    case 'GET super/cron':
      return cronSchedules(application, principal);
    case 'POST super/reloadcron':
      return reloadCron(application, request, principal);
    default:
      return outcomeReply(notFound);
  }
}
