import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { messageOf } from '../../../components/errors';
import { ApiClient } from '../../../medplum/api-client';
import { ApiError } from '../../../medplum/api-error';
import type { StoredResource } from '../../../medplum/resources';
import type { rehearsalClientConfigSchema } from './config';
import { Journal } from './journal';
import { NameCache } from './name-cache';
import { note, noteBytes, vitalSign } from './writes';

const DOCUMENT_EVERY = 10;
const READ_EVERY = 5;

/**
 * Works as a clinic's application would until `signal` is aborted: resolves the name, keeps the address for its TTL,
 * writes at each interval, now and then looks for what it wrote, asks for a token anew when it is told 401, and writes
 * down what it was answered. It tries each thing once; the next interval is the next try.
 */
export async function runClient(
  config: z.output<typeof rehearsalClientConfigSchema>,
  clientSecret: string,
  signal: AbortSignal
): Promise<void> {
  const client = new RehearsalClient(config, clientSecret);
  for (let turn = 1; !signal.aborted; turn++) {
    const startedAt = performance.now();
    await client.take(turn);
    const left = config.intervalMs - (performance.now() - startedAt);
    await sleep(Math.max(left, 0), undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) {
        throw error;
      }
    });
  }
}

class RehearsalClient {
  readonly #config: z.output<typeof rehearsalClientConfigSchema>;
  readonly #credentials: { readonly clientId: string; readonly clientSecret: string };
  readonly #journal: Journal;
  readonly #names: NameCache;
  #address: string | null = null;
  #api: ApiClient | undefined;
  #newest: StoredResource | undefined;

  constructor(config: z.output<typeof rehearsalClientConfigSchema>, clientSecret: string) {
    this.#config = config;
    this.#credentials = { clientId: config.clientId, clientSecret };
    this.#journal = new Journal(config.journal);
    this.#names = new NameCache(config.name, config.dnsServer);
  }

  /** One turn: a write, and in every fifth a search. */
  async take(turn: number): Promise<void> {
    try {
      const address = await this.#resolve();
      const api = await this.#connected(address);
      await this.#write(api, address, turn);
      if (turn % READ_EVERY === 0) {
        await this.#read(api, address);
      }
    } catch (error) {
      this.#journal.write({ kind: 'failed', reason: messageOf(error), address: this.#address });
      if (error instanceof ApiError && error.status === 401) {
        // The next turn asks for a token.
        this.#api = undefined;
      }
    }
  }

  async #resolve(): Promise<string> {
    const { address, ttl, fresh } = await this.#names.resolve().catch((error: unknown) => {
      this.#address = null;
      throw error;
    });
    if (fresh) {
      this.#journal.write({ kind: 'resolved', address, ttl });
    }
    return address;
  }

  /** A client with a token. The token outlives a change of the address, as an application's does. */
  async #connected(address: string): Promise<ApiClient> {
    if (this.#api !== undefined && address === this.#address) {
      return this.#api;
    }
    const { baseUrl, port, timeoutMs } = this.#config;
    this.#address = address;
    const target = { endpoint: { address, port }, baseUrl };
    if (this.#api !== undefined) {
      this.#api = this.#api.at(target.endpoint);
      return this.#api;
    }
    const api = new ApiClient({ ...target, timeoutMs, credentials: this.#credentials });
    await api.authenticate();
    this.#journal.write({ kind: 'token', address });
    this.#api = api;
    return api;
  }

  async #write(api: ApiClient, address: string, turn: number): Promise<void> {
    const at = new Date();
    if (turn % DOCUMENT_EVERY !== 0) {
      this.#acknowledge(await api.create(vitalSign(turn, at)), address);
      return;
    }
    const binary = await api.createBinary(noteBytes(turn, at), 'text/plain');
    this.#acknowledge(binary, address);
    this.#acknowledge(await api.create(note(`Binary/${binary.id}`, at)), address);
  }

  #acknowledge(resource: StoredResource, address: string): void {
    const { resourceType, id, meta } = resource;
    this.#journal.write({ kind: 'acknowledged', resourceType, id, versionId: meta.versionId, address });
    if (resourceType !== 'Binary') {
      this.#newest = resource;
    }
  }

  async #read(api: ApiClient, address: string): Promise<void> {
    if (this.#newest === undefined) {
      return;
    }
    const { resourceType, id } = this.#newest;
    const found = (await api.findById(resourceType, id)) !== null;
    this.#journal.write({ kind: 'read', resourceType, id, found, address });
  }
}
