import { Resolver } from 'node:dns/promises';
import { isIPv6 } from 'node:net';

export interface Resolved {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
  /** Whether it was asked for just now. */
  readonly fresh: boolean;
}

/** A name's address, kept for exactly its TTL, as a well-behaved client's resolver keeps it. */
export class NameCache {
  readonly #name: string;
  readonly #resolver = new Resolver({ timeout: 1000, tries: 2 });
  #kept: { readonly address: string; readonly ttl: number; readonly until: number } | undefined;

  /** @param server the only name server that is asked. */
  constructor(name: string, server: { readonly address: string; readonly port: number }) {
    this.#name = name;
    const host = isIPv6(server.address) ? `[${server.address}]` : server.address;
    this.#resolver.setServers([`${host}:${server.port}`]);
  }

  /** @throws the resolver's error when the TTL is over and the server does not answer: nothing older is used then. */
  async resolve(): Promise<Resolved> {
    const kept = this.#kept;
    if (kept !== undefined && performance.now() < kept.until) {
      return { address: kept.address, ttl: kept.ttl, fresh: false };
    }
    this.#kept = undefined;
    const askedAt = performance.now();
    const [record] = await this.#resolver.resolve4(this.#name, { ttl: true });
    if (record === undefined) {
      throw new Error(`${this.#name} has no address`);
    }
    const { address, ttl } = record;
    this.#kept = { address, ttl, until: askedAt + ttl * 1000 };
    return { address, ttl, fresh: true };
  }
}
