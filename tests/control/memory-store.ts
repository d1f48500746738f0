import type { ControlStore } from '../../automation/control/store';

/** A store whose every operation happens at one moment; `turn` decides when. */
export class MemoryStore implements ControlStore {
  readonly address = 'memory';
  readonly objects = new Map<string, string>();
  /** Waited for before each operation; may throw, as a store does that cannot be reached. */
  turn: (operation: string) => Promise<void> = () => Promise.resolve();

  async create(key: string, text: string): Promise<boolean> {
    await this.turn(`create ${key}`);
    if (this.objects.has(key)) {
      return false;
    }
    this.objects.set(key, text);
    return true;
  }

  async replace(key: string, text: string): Promise<void> {
    await this.turn(`replace ${key}`);
    this.objects.set(key, text);
  }

  async read(key: string): Promise<string | null> {
    await this.turn(`read ${key}`);
    return this.objects.get(key) ?? null;
  }

  async list(prefix: string): Promise<string[]> {
    await this.turn(`list ${prefix}`);
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  async remove(key: string): Promise<void> {
    await this.turn(`remove ${key}`);
    this.objects.delete(key);
  }
}
