import type { Drained } from '../../components/site-operations';
import type { RestoredFrom } from '../../components/restored-from';

export type Place = 'site-a' | 'site-b';
export const ADDRESS_OF: Readonly<Record<Place, string>> = { 'site-a': '10.0.0.1', 'site-b': '10.0.0.2' };

/** What became of a place. `cut`: its processes go on and nobody gets at them. `down`: nothing runs there, its disks are kept. */
export type PlaceState = 'sound' | 'cut' | 'down' | 'destroyed';

/** A write that a client was told of. */
export interface Write {
  readonly id: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What a restored database or its server is like without saying so. */
export type Lie = 'empty' | 'short' | 'read-only';

/** What one stack has at a place: a log of writes, and an application that takes them or not. */
export interface Site {
  readonly stack: string;
  readonly place: Place;
  readonly isQuarantined: boolean;
  database: 'none' | 'stopped' | 'running';
  /** Position n is the n-th write. */
  log: Write[];
  application: boolean;
  readOnly: boolean;
  /** Why it must not be started; null when it may. */
  fenceMark: string | null;
  /** Number of the newest cutover that the application was started in the knowledge of. */
  knows: number;
  /** Where its log is shipped to. */
  protectedAt: Place | null;
  restoredFrom: RestoredFrom | null;
  restoreProgress: string | null;
  /** What an earlier drain found, and after how many starts of the database. */
  drained: { readonly result: Drained; readonly starts: number } | null;
  starts: number;
  /** Epoch milliseconds until which its guard may not have asked: right after nobody got at it. */
  unguardedUntil: number;
  /** Epoch milliseconds at which it could be reached again, and at which a driver last looked whether it takes writes. */
  backAt: number;
  lookedAt: number;
}

export interface ReplicaPoint {
  readonly id: string;
  readonly kind: 'base-backup' | 'restore-point';
  readonly at: number;
  readonly position: number;
}

/** What lies of a stack at another place: its log as far as it was shipped, and recovery points. */
export interface Replica {
  readonly stack: string;
  readonly place: Place;
  readonly log: readonly Write[];
  shipped: number;
  readonly points: ReplicaPoint[];
  nextPointAt: number;
}

/** What the environment's name leads to. A later cutover has a higher number. */
export interface NameRecord {
  readonly address: string;
  readonly stack: string;
  readonly generation: number;
}

export function newSite(stack: string, place: Place, isQuarantined: boolean): Site {
  return {
    ...{ stack, place, isQuarantined },
    ...{ database: 'none', log: [], application: false, readOnly: false },
    ...{ fenceMark: null, knows: 0, protectedAt: null, restoredFrom: null, restoreProgress: null, drained: null },
    ...{ starts: 0, unguardedUntil: 0, backAt: -1, lookedAt: 0 },
  };
}

/** Whether a client that reaches it could write there. */
export function takesWrites(site: Site): boolean {
  return site.application && site.database === 'running' && !site.readOnly;
}

export function stopSite(site: Site): void {
  site.application = false;
  if (site.database === 'running') {
    site.database = 'stopped';
  }
}

export function fenceSite(site: Site, reason: string): void {
  site.fenceMark ??= reason;
  stopSite(site);
}

export function startDatabase(site: Site): void {
  if (site.database === 'stopped') {
    site.database = 'running';
    site.starts += 1;
  }
}
