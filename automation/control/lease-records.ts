import { z } from 'zod';
import { OperatorError } from '../../components/errors';
import type { ControlStore } from './store';

/** Who holds an environment. `since` is an instant by the holder's own clock. */
export interface LeaseHolder {
  readonly number: number;
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
  readonly purpose: string;
}

const recordSchema = z.object({
  number: z.int().min(1),
  user: z.string(),
  host: z.string(),
  pid: z.int(),
  since: z.string(),
  purpose: z.string(),
  /** What process numbers count in, see `process-space.ts`; null where the system does not tell. */
  processSpace: z.string().nullable(),
});
export type LeaseRecord = z.infer<typeof recordSchema>;

const signOfLifeSchema = z.object({ count: z.int(), at: z.string() });
export type SignOfLife = z.infer<typeof signOfLifeSchema>;

/**
 * `json`: the lease itself. `released`: it was given back. `alive`: its holder's last sign of life. `skipped`: no lease of
 * this number or a lower one is given from now on, though the store may know of none.
 */
type LeasePart = 'json' | 'released' | 'alive' | 'skipped';

/** All that the store holds of an environment's leases. */
export interface LeaseRecords {
  readonly keys: readonly string[];
  /** Highest number with a record or a mark of any kind; 0 where there is none. */
  readonly highest: number;
  /** The newest lease; null where there is none. A lease below it is over, released or not. */
  readonly newest: number | null;
  /** Number of the newest lease if that was not released. */
  readonly held: number | null;
}

export function leaseFolder(environment: string): string {
  return `locks/${environment}/`;
}

export function leaseKey(environment: string, number: number, part: LeasePart): string {
  return `${leaseFolder(environment)}${String(number).padStart(8, '0')}.${part}`;
}

/** Number of a lease's key; 0 for a key of anything else. */
export function leaseNumberOf(key: string): number {
  return Number(/\/(\d{8,})\.(?:json|released|alive|skipped)$/.exec(key)?.[1] ?? 0);
}

export async function listLeases(store: ControlStore, environment: string): Promise<LeaseRecords> {
  const keys = (await store.list(leaseFolder(environment))).filter((key) => leaseNumberOf(key) > 0);
  const newest = Math.max(0, ...keys.filter((key) => key.endsWith('.json')).map(leaseNumberOf));
  return {
    keys,
    highest: Math.max(0, ...keys.map(leaseNumberOf)),
    newest: newest === 0 ? null : newest,
    held: newest === 0 || keys.includes(leaseKey(environment, newest, 'released')) ? null : newest,
  };
}

/** The record of a lease; null when it was removed since it was listed. */
export async function readLease(store: ControlStore, environment: string, number: number): Promise<LeaseRecord | null> {
  const key = leaseKey(environment, number, 'json');
  const text = await store.read(key);
  if (text === null) {
    return null;
  }
  const record = recordSchema.safeParse(parseJson(text));
  if (!record.success) {
    throw new OperatorError('locked', `The lock of environment "${environment}" cannot be read.`, {
      hint: `Make sure that no driver runs on this environment, then remove ${key} in ${store.address}.`,
    });
  }
  return record.data;
}

/** Instant of a holder's last sign of life by its own clock; null where it gave none. */
export async function readSignOfLife(store: ControlStore, environment: string, number: number): Promise<string | null> {
  const text = await store.read(leaseKey(environment, number, 'alive'));
  return text === null ? null : (signOfLifeSchema.safeParse(parseJson(text)).data?.at ?? null);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Who holds an environment now; null when nobody does. */
export async function leaseHolder(
  store: ControlStore,
  environment: string
): Promise<{ holder: LeaseHolder; lastSignOfLife: string | null } | null> {
  const { held } = await listLeases(store, environment);
  const record = held === null ? null : await readLease(store, environment, held);
  if (record === null) {
    return null;
  }
  return { holder: holderOf(record), lastSignOfLife: await readSignOfLife(store, environment, record.number) };
}

export function holderOf({ processSpace, ...holder }: LeaseRecord): LeaseHolder {
  return holder;
}
