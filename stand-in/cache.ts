/**
 * What Medplum keeps in Redis and nowhere else: cached resources, logins, schedules. It is lost in a recovery.
 * Values are text.
 */
export interface Cache {
  /** True when it answers; undefined when there is no cache server to ask. Rejects when it does not answer. */
  ping(): Promise<true | undefined>;
  get(key: string): Promise<string | undefined>;
  /** Keeps each value for `seconds`. */
  set(entries: readonly (readonly [key: string, value: string])[], seconds: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** The fields of one map, by name. */
  fields(map: string): Promise<Readonly<Record<string, string>>>;
  setField(map: string, field: string, value: string): Promise<void>;
  deleteField(map: string, field: string): Promise<void>;
  close(): Promise<void>;
}

type Entries = Map<string, { value: string; expiresAt: number }>;

/** The cache of a server without Redis: bounded maps in the process, gone when the process is. */
export class InProcessCache implements Cache {
  // Apart, so that a bulk load of resources does not push out logins.
  private readonly logins: Entries = new Map();
  private readonly resources: Entries = new Map();
  private readonly maps = new Map<string, Map<string, string>>();
  private readonly capacity: number;

  constructor(capacity = 20_000) {
    this.capacity = capacity;
  }

  ping(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  get(key: string): Promise<string | undefined> {
    const entries = this.entriesOf(key);
    const entry = entries.get(key);
    if (entry === undefined || entry.expiresAt <= Date.now()) {
      entries.delete(key);
      return Promise.resolve(undefined);
    }
    // The map's order is the order of use: what is read moves to the end, and the start is dropped first.
    entries.delete(key);
    entries.set(key, entry);
    return Promise.resolve(entry.value);
  }

  set(entries: readonly (readonly [string, string])[], seconds: number): Promise<void> {
    const expiresAt = Date.now() + seconds * 1000;
    for (const [key, value] of entries) {
      this.entriesOf(key).delete(key);
      this.entriesOf(key).set(key, { value, expiresAt });
    }
    dropOldest(this.logins, this.capacity);
    dropOldest(this.resources, this.capacity);
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.entriesOf(key).delete(key);
    return Promise.resolve();
  }

  fields(map: string): Promise<Record<string, string>> {
    return Promise.resolve(Object.fromEntries(this.maps.get(map) ?? []));
  }

  setField(map: string, field: string, value: string): Promise<void> {
    const fields = this.maps.get(map) ?? new Map<string, string>();
    this.maps.set(map, fields.set(field, value));
    return Promise.resolve();
  }

  deleteField(map: string, field: string): Promise<void> {
    this.maps.get(map)?.delete(field);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private entriesOf(key: string): Entries {
    return key.startsWith('Login/') ? this.logins : this.resources;
  }
}

function dropOldest(entries: Entries, capacity: number): void {
  for (const oldest of entries.keys()) {
    if (entries.size <= capacity) {
      return;
    }
    entries.delete(oldest);
  }
}
