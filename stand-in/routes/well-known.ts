import type { Application } from '../application';
import { json, type Reply } from '../http';

/** The public signing keys. Their ids are those of the JsonWebKey rows, so they tell one database from another. */
export function jwks(application: Application): Reply {
  return json(200, { keys: application.keys.shown });
}

export function openIdConfiguration(application: Application): Reply {
  const { baseUrl } = application.configuration;
  return json(200, {
    issuer: baseUrl,
    token_endpoint: `${baseUrl}oauth2/token`,
    jwks_uri: `${baseUrl}.well-known/jwks.json`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    id_token_signing_alg_values_supported: ['ES256'],
    response_types_supported: ['token'],
    subject_types_supported: ['public'],
  });
}
