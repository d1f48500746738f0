import { z } from 'zod';
import type { Endpoint } from '../components/config';
import { ApiError } from './api-error';
import {
  batchResponseSchema,
  searchBundleSchema,
  storedResourceSchema,
  type BatchResponse,
  type CreateBatch,
  type Resource,
  type StoredResource,
} from './resources';
import { send, type HttpAnswer, type HttpRequest, type ServerTarget } from './transport';

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface ApiClientOptions extends ServerTarget {
  readonly credentials?: ClientCredentials;
  /** Limit of each request. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export type Call = Pick<HttpRequest, 'method' | 'path' | 'headers' | 'body'>;

const FHIR_JSON = { 'content-type': 'application/fhir+json' };

const tokenSchema = z.object({ access_token: z.string() });
const jwksSchema = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) });
/**
 * Medplum's API as a recovery uses it. Not MedplumClient of @medplum/core: that one caches reads, retries by itself
 * and connects by name, and a check of a restored site can have none of these.
 *
 * Every method throws ApiError for an error answer, UnreachableError for none, and repeats nothing. A token is asked
 * for at the first call that needs one; a 401 later is the caller's to answer, by `authenticate`.
 */
export class ApiClient {
  readonly #options: ApiClientOptions;
  #token: Promise<string> | undefined;

  constructor(options: ApiClientOptions) {
    this.#options = options;
  }

  /** The same client, with the same token, at another address of the environment. */
  at(endpoint: Endpoint): ApiClient {
    const moved = new ApiClient({ ...this.#options, endpoint });
    moved.#token = this.#token;
    return moved;
  }

  /** Asks for a new token by client credentials, instead of the one there is. */
  async authenticate(): Promise<void> {
    const token = this.#requestToken();
    this.#token = token;
    try {
      await token;
    } catch (error) {
      this.#token = undefined;
      throw error;
    }
  }

  /** Ids of the keys that the server's tokens can be checked with, sorted. */
  async signingKeyIds(): Promise<string[]> {
    const { keys } = jwksSchema.parse(json(await this.#send({ method: 'GET', path: '.well-known/jwks.json' })));
    return keys.map((key) => key.kid).sort();
  }

  async create(resource: Resource): Promise<StoredResource> {
    const call = { method: 'POST', path: `fhir/R4/${resource.resourceType}`, ...fhirBody(resource) } as const;
    return storedResourceSchema.parse(json(await this.request(call)));
  }

  /** Reads by id. Medplum may answer from its cache: only a search proves that the database has it. */
  async read(resourceType: string, id: string): Promise<StoredResource> {
    return storedResourceSchema.parse(
      json(await this.request({ method: 'GET', path: `fhir/R4/${resourceType}/${encodeURIComponent(id)}` }))
    );
  }

  async search(
    resourceType: string,
    parameters: Readonly<Record<string, string>>
  ): Promise<{ total: number | null; resources: StoredResource[] }> {
    const query = new URLSearchParams(parameters).toString();
    const answer = await this.request({ method: 'GET', path: `fhir/R4/${resourceType}?${query}` });
    const { total, entry } = searchBundleSchema.parse(json(answer));
    return { total: total ?? null, resources: entry.map(({ resource }) => resource) };
  }

  /** Finds one resource by a search, which is answered by the database; null when it is not there. */
  async findById(resourceType: string, id: string): Promise<StoredResource | null> {
    const { resources } = await this.search(resourceType, { _id: id });
    return resources.find((resource) => resource.id === id) ?? null;
  }

  async delete(resourceType: string, id: string): Promise<void> {
    await this.request({ method: 'DELETE', path: `fhir/R4/${resourceType}/${encodeURIComponent(id)}` });
  }

  async createBinary(data: Buffer, contentType: string): Promise<StoredResource> {
    const headers = { 'content-type': contentType };
    return storedResourceSchema.parse(
      json(await this.request({ method: 'POST', path: 'fhir/R4/Binary', headers, body: data }))
    );
  }

  async readBinary(id: string): Promise<Buffer> {
    const path = `fhir/R4/Binary/${encodeURIComponent(id)}`;
    return (await this.request({ method: 'GET', path, headers: { accept: '*/*' } })).body;
  }

  /** Sends a batch. Each entry of the answer has its own status; an entry that was refused is no error here. */
  async batch(bundle: CreateBatch): Promise<BatchResponse> {
    return batchResponseSchema.parse(
      json(await this.request({ method: 'POST', path: 'fhir/R4', ...fhirBody(bundle) }))
    );
  }

  /** Any other call, with the token: Medplum's admin routes, for one. */
  async request(call: Call): Promise<HttpAnswer> {
    if (this.#token === undefined) {
      await this.authenticate();
    }
    const token = await this.#token;
    return this.#send({ ...call, headers: { ...call.headers, authorization: `Bearer ${token ?? ''}` } });
  }

  async #requestToken(): Promise<string> {
    const { credentials } = this.#options;
    if (credentials === undefined) {
      throw new Error('This call needs client credentials and none were given');
    }
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: credentials.clientId,
      client_secret: credentials.clientSecret,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await this.#send({ method: 'POST', path: 'oauth2/token', headers, body: form.toString() });
    return tokenSchema.parse(json(answer)).access_token;
  }

  async #send(call: Call): Promise<HttpAnswer> {
    const { timeoutMs, signal } = this.#options;
    const answer = await send(this.#options, { ...call, timeoutMs, signal });
    if (answer.status < 200 || answer.status > 299) {
      throw new ApiError(call, answer, json(answer));
    }
    return answer;
  }
}

function fhirBody(body: unknown): { headers: Record<string, string>; body: string } {
  return { headers: FHIR_JSON, body: JSON.stringify(body) };
}

/** The answer's JSON; its plain text when it is none, for the schema to refuse. */
export function json(answer: HttpAnswer): unknown {
  const text = answer.body.toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
