import { normalizeErrorString } from '@medplum/core';
import type { Application } from '../application';
import { json, readBody, type Reply, type Request } from '../http';

/** `POST /oauth2/token`, form encoded, with the client in the form or in HTTP Basic. Every refusal is a 400. */
export async function token(application: Application, request: Request): Promise<Reply> {
  const form = new URLSearchParams((await readBody(request.message)).toString('utf8'));
  const [clientId, secret] = clientOf(form, request.message.headers.authorization);
  if (form.get('grant_type') !== 'client_credentials') {
    return refused(form.has('grant_type') ? 'Unsupported grant_type' : 'Missing grant_type');
  }
  if (clientId === '' || secret === '') {
    return refused(clientId === '' ? 'Missing client_id' : 'Missing client_secret');
  }
  try {
    const granted = await application.authentication.grant(clientId, secret);
    return json(
      200,
      {
        token_type: 'Bearer',
        access_token: granted.token,
        expires_in: granted.expiresIn,
        scope: 'openid',
        project: { reference: `Project/${granted.principal.projectId}` },
        profile: { reference: `ClientApplication/${clientId}` },
      },
      { 'cache-control': 'no-store' }
    );
  } catch (error) {
    // A database that is away is a 400 too, with its error as the description (seen on Medplum 5.0.10).
    return refused(normalizeErrorString(error));
  }
}

function clientOf(form: URLSearchParams, authorization: string | undefined): [clientId: string, secret: string] {
  const [scheme, credentials] = authorization?.split(' ') ?? [];
  if (scheme?.toLowerCase() !== 'basic' || credentials === undefined) {
    return [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
  }
  const [clientId = '', ...secret] = Buffer.from(credentials, 'base64').toString('utf8').split(':');
  return [clientId, secret.join(':')];
}

function refused(description: string): Reply {
  return json(400, { error: 'invalid_request', error_description: description });
}
