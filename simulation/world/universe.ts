import type { Invariants } from '../invariants';
import type { Mutation } from '../mutations';
import type { Random } from '../random';
import type { Scheduler } from '../scheduler';
import type { Trace } from '../trace';
import {
  ADDRESS_OF,
  fenceSite,
  newSite,
  stopSite,
  takesWrites,
  type Lie,
  type NameRecord,
  type Place,
  type PlaceState,
  type Replica,
  type Site,
  type Write,
} from './site';

/** Seconds for which a client keeps a resolved address. */
export const TTL = 5;
const TICK_MS = 500;
const POINT_EVERY_MS = 8000;

/** One engine at work: a process of its own, that outlives the driver which started it, or not. */
export interface EngineProcess {
  readonly id: number;
  readonly host: string;
  readonly pid: number;
  alive: boolean;
  /** Asked to end as soon as it can. */
  stopping: boolean;
}

export interface StackState {
  readonly name: string;
  /** Resources that the engine knows of. */
  readonly made: Set<string>;
  /** The record that the traffic layer was last made with. */
  record: NameRecord | null;
  lock: EngineProcess | null;
}

export interface UniverseParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly trace: Trace;
  readonly invariants: Invariants;
  readonly mutation: Mutation | null;
}

/**
 * The world of a simulation: a test double of two places with sites, a name, the engine's state, configs and a control
 * store, and of clients who write all the time. It lives on by itself, with drivers and without.
 */
export class Universe {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly trace: Trace;
  readonly invariants: Invariants;
  /** A bug that was put in on purpose. */
  readonly mutation: Mutation | null;
  /** Whether anything goes wrong any more. */
  faultsActive = true;
  isDrill = false;
  /** Called once, when the engine begins to update a traffic layer alone. */
  onTraffic: (() => void) | null = null;
  readonly places: Record<Place, PlaceState> = { 'site-a': 'sound', 'site-b': 'sound' };
  readonly sites = new Map<string, Site>();
  readonly replicas = new Map<string, Replica>();
  readonly stacks = new Map<string, StackState>();
  readonly configs = new Map<string, Record<string, unknown>>();
  readonly store = new Map<string, string>();
  readonly engines = new Set<EngineProcess>();
  record: NameRecord | null = null;
  /** A record that somebody set who is no driver; null once a driver moved on with leave. */
  foreign: NameRecord | null = null;
  /** When that was set, and when a driver last asked what the name leads to. */
  foreignSince = 0;
  resolvedAt = 0;
  /** The record that somebody else changed. */
  ownBefore: NameRecord | null = null;
  /** Until when name servers answer the value from before the last change. */
  staleUntil = 0;
  staleAddress: string | null = null;
  /** Of the next restore. */
  lie: Lie | null = null;
  /** Whether logs and recovery points arrive. */
  shipping = true;
  readonly acknowledged: Write[] = [];
  #nextWrite = 1;
  #cached: { readonly address: string | null; readonly until: number } = { address: null, until: 0 };
  #nextClientAt = 0;

  constructor({ scheduler, random, trace, invariants, mutation }: UniverseParts) {
    this.mutation = mutation;
    this.scheduler = scheduler;
    this.random = random;
    this.trace = trace;
    this.invariants = invariants;
  }

  /** Clients write, logs are shipped, guards ask: for ever. */
  async live(): Promise<never> {
    for (;;) {
      await this.scheduler.sleep(TICK_MS);
      this.#guards();
      this.#ship();
      this.#client();
      this.invariants.look(this);
    }
  }

  /** Whether drivers and clients get at a place. */
  isReachable(place: Place): boolean {
    return this.places[place] === 'sound';
  }

  site(stack: string): Site | null {
    return this.sites.get(stack) ?? null;
  }

  makeSite(stack: string, place: Place, isQuarantined: boolean): Site {
    const site = newSite(stack, place, isQuarantined);
    this.sites.set(stack, site);
    return site;
  }

  /** The site whose application answers at an address; null where none does. */
  answering(address: string): Site | null {
    for (const site of this.sites.values()) {
      if (ADDRESS_OF[site.place] === address && site.application && this.isReachable(site.place)) {
        return site;
      }
    }
    return null;
  }

  /** Addresses that a client may be led to now: by the record, and by what it resolved before. */
  ledTo(): readonly (string | null)[] {
    const cached = this.scheduler.now < this.#cached.until ? this.#cached.address : null;
    return [this.record?.address ?? null, cached];
  }

  setRecord(record: NameRecord, by: string): void {
    const before = this.record;
    this.record = record;
    this.trace.add(by, `record → ${record.address} ${record.stack} (cutover ${record.generation})`);
    this.invariants.recordChanged(this, { before, after: record, by });
  }

  replica(stack: string, place: Place): Replica | null {
    return this.replicas.get(`${stack}@${place}`) ?? null;
  }

  /** A place is lost, or what was lost comes back. */
  setPlace(place: Place, state: PlaceState): void {
    const before = this.places[place];
    if (before === state || before === 'destroyed') {
      return;
    }
    this.trace.add('world', `${place} is ${state}`);
    this.places[place] = state;
    for (const site of [...this.sites.values()].filter((each) => each.place === place)) {
      site.unguardedUntil = this.scheduler.now + 2 * TICK_MS;
      site.backAt = this.scheduler.now;
      if (state === 'destroyed') {
        this.sites.delete(site.stack);
      } else if (state === 'down') {
        stopSite(site);
      } else if (before === 'down' && site.fenceMark === null && site.database !== 'none') {
        // As a machine that boots: its application stays closed until its guard has asked.
        site.database = 'running';
        site.starts += 1;
        site.application = !this.guardForbids(site);
        if (!site.application) {
          fenceSite(site, 'another stack serves');
        }
      }
    }
    if (state === 'destroyed') {
      for (const [key, replica] of this.replicas) {
        if (replica.place === place) {
          this.replicas.delete(key);
        }
      }
    }
  }

  /** Whether the record tells a site that another one has taken its place. */
  guardForbids(site: Site, knows = site.knows): boolean {
    const { record } = this;
    // What somebody sets by hand names no stack.
    const names = record === null || record === this.foreign ? null : record.stack;
    return !site.isQuarantined && names !== null && names !== site.stack && (record?.generation ?? 0) > knows;
  }

  #guards(): void {
    for (const site of this.sites.values()) {
      if (site.application && this.isReachable(site.place) && this.guardForbids(site)) {
        this.trace.add(site.stack, 'its guard fences it: another stack serves');
        fenceSite(site, 'another stack serves');
      }
    }
  }

  #ship(): void {
    for (const site of this.sites.values()) {
      const place = site.protectedAt;
      if (!this.shipping || place === null || site.database !== 'running' || !site.application) {
        continue;
      }
      if (this.isReachable(site.place) && this.isReachable(place) && this.random.chance(0.4)) {
        this.shipNow(site, place);
      }
    }
  }

  /** Ships all of a site's log, and makes a recovery point when one is due. */
  shipNow(site: Site, place: Place, { mark = false }: { readonly mark?: boolean } = {}): string | null {
    const { now } = this.scheduler;
    const key = `${site.stack}@${place}`;
    let replica = this.replicas.get(key);
    // A database that was made anew begins a log of its own.
    if (replica?.log !== site.log) {
      replica = { stack: site.stack, place, log: site.log, shipped: 0, points: [], nextPointAt: 0 };
      this.replicas.set(key, replica);
    }
    replica.shipped = site.log.length;
    if (!mark && now < replica.nextPointAt) {
      return null;
    }
    const kind = replica.points.length === 0 ? 'base-backup' : 'restore-point';
    const id = `${site.stack}-${replica.points.length + 1}`;
    replica.points.push({ id, kind, at: now, position: site.log.length });
    replica.nextPointAt = now + POINT_EVERY_MS;
    return id;
  }

  #client(): void {
    const { now } = this.scheduler;
    if (now < this.#nextClientAt) {
      return;
    }
    this.#nextClientAt = now + this.random.between(500, 2500);
    if (now >= this.#cached.until) {
      this.#cached = { address: this.record?.address ?? null, until: now + TTL * 1000 };
    }
    const { address } = this.#cached;
    const site = address === null ? null : this.answering(address);
    if (site === null || !takesWrites(site)) {
      return;
    }
    const write = { id: this.#nextWrite++, at: now };
    site.log.push(write);
    this.acknowledged.push(write);
    this.trace.add('client', `write ${write.id} to ${site.stack}`);
    this.invariants.wrote(this, site);
  }
}
