import { Resolver } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { acceptsTcp } from '../../components/local/provider/process';
import type { LocalConfig, LocalSite } from '../../components/local/config';

/** Milliseconds between two looks. */
const NAME_EVERY = 20;
const SITES_EVERY = 40;

/** What the name led to, and from when to when it was seen so: times of the questions, not of the answers. */
interface Sighting {
  readonly address: string;
  readonly firstAskedAt: number;
  readonly lastAskedAt: number;
}

export interface Seen {
  readonly addresses: readonly Sighting[];
  /** Instants at which the applications of both sites could be reached. */
  readonly bothApplications: readonly string[];
  /** Places of the old site that answered after the name was seen to lead elsewhere. */
  readonly oldSiteAfterMove: readonly string[];
  readonly questions: number;
}

/** Watches who the name leads to, and which of the two sites can be written to, for as long as a case goes on. */
export class Watch {
  readonly #config: LocalConfig;
  readonly #sites: { readonly from: LocalSite; readonly to: LocalSite };
  readonly #stop = new AbortController();
  readonly #loops: Promise<unknown>;
  readonly #addresses: Sighting[] = [];
  readonly #both: string[] = [];
  readonly #oldAfterMove = new Set<string>();
  #questions = 0;

  constructor(config: LocalConfig, sites: { readonly from: LocalSite; readonly to: LocalSite }) {
    this.#config = config;
    this.#sites = sites;
    this.#loops = Promise.all([this.#watchName(), this.#watchSites()]);
  }

  async end(): Promise<Seen> {
    this.#stop.abort();
    await this.#loops;
    return {
      addresses: this.#addresses,
      bothApplications: this.#both,
      oldSiteAfterMove: [...this.#oldAfterMove],
      questions: this.#questions,
    };
  }

  get #hasMoved(): boolean {
    return this.#addresses.at(-1)?.address === this.#sites.to.address;
  }

  async #watchName(): Promise<void> {
    const { dns, name } = this.#config.traffic;
    const resolver = new Resolver({ timeout: 2000, tries: 1 });
    resolver.setServers([`${dns.address}:${dns.port}`]);
    await this.#repeat(NAME_EVERY, async () => {
      const askedAt = Date.now();
      // The cutover replaces the name server's process; who asks then gets no answer.
      const [address] = await resolver.resolve4(name).catch(() => []);
      if (address === undefined) {
        return;
      }
      this.#questions += 1;
      const last = this.#addresses.at(-1);
      if (last?.address === address) {
        this.#addresses[this.#addresses.length - 1] = { ...last, lastAskedAt: askedAt };
      } else {
        this.#addresses.push({ address, firstAskedAt: askedAt, lastAskedAt: askedAt });
      }
    });
  }

  async #watchSites(): Promise<void> {
    const { from, to } = this.#sites;
    await this.#repeat(SITES_EVERY, async () => {
      const hadMoved = this.#hasMoved;
      const [old, made] = await Promise.all([this.#application(from), this.#application(to)]);
      if (old.length > 0 && made.length > 0) {
        this.#both.push(new Date().toISOString());
      }
      if (hadMoved) {
        const database = await answering([{ address: from.address, port: from.ports.database }]);
        for (const place of [...old, ...database]) {
          this.#oldAfterMove.add(place);
        }
      }
    });
  }

  #application({ address, ports }: LocalSite): Promise<string[]> {
    return answering([
      { address, port: this.#config.traffic.port },
      { address: '127.0.0.1', port: ports.application },
    ]);
  }

  async #repeat(every: number, look: () => Promise<void>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await look();
      await sleep(every);
    }
  }
}

async function answering(places: readonly { address: string; port: number }[]): Promise<string[]> {
  const answers = await Promise.all(places.map(({ address, port }) => acceptsTcp(address, port)));
  return places.filter((_place, index) => answers[index]).map(({ address, port }) => `${address}:${port}`);
}
