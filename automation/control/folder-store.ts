import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, OperatorError } from '../../components/errors';
import { readIfThere } from '../../components/read-if-there';
import type { ControlStore } from './store';

/** Marks files that are still being written. */
const UNFINISHED = '.unfinished';

/** How often a folder is made again that another driver removed. */
const ATTEMPTS = 100;

/**
 * A folder that every driver sees: on this machine, or on a file system that the machines share and that has hard links.
 * Folders are made when they are needed and removed when they are empty; the root only if this store made it.
 */
export class FolderStore implements ControlStore {
  readonly address: string;
  readonly #root: string;
  /** Outermost folder that this store made on the way to its root; null where the root was there. */
  #outermost: string | null = null;

  constructor(root: string) {
    this.#root = path.resolve(root);
    this.address = `folder ${this.#root}`;
  }

  async create(key: string, text: string): Promise<boolean> {
    return this.#told(async () => {
      const file = this.#file(key);
      const unfinished = await this.#writeBeside(file, text);
      try {
        const made = await linked(unfinished, file);
        await syncFolder(path.dirname(file));
        return made;
      } finally {
        await rm(unfinished);
        // Who removed the last object meanwhile could not remove the folder.
        await this.#removeEmpty(path.dirname(file));
      }
    });
  }

  async replace(key: string, text: string): Promise<void> {
    await this.#told(async () => {
      const file = this.#file(key);
      const unfinished = await this.#writeBeside(file, text);
      try {
        await rename(unfinished, file);
      } catch (error) {
        await rm(unfinished);
        throw error;
      }
      await syncFolder(path.dirname(file));
    });
  }

  async read(key: string): Promise<string | null> {
    return this.#told(() => readIfThere(this.#file(key)));
  }

  async list(prefix: string): Promise<string[]> {
    return this.#told(async () => (await keysBelow(path.join(this.#root, prefix), prefix)).sort());
  }

  async remove(key: string): Promise<void> {
    await this.#told(async () => {
      const file = this.#file(key);
      await rm(file, { force: true });
      await this.#removeEmpty(path.dirname(file));
    });
  }

  /** @throws when a key would leave the root. */
  #file(key: string): string {
    if (key.split('/').some((part) => ['', '.', '..'].includes(part) || part.endsWith(UNFINISHED))) {
      throw new Error(`not a key of a control store: ${key}`);
    }
    return path.join(this.#root, key);
  }

  /** The text in a file next to the one that is meant, on the disk. */
  async #writeBeside(file: string, text: string): Promise<string> {
    const unfinished = `${file}.${randomUUID()}${UNFINISHED}`;
    const handle = await this.#openIn(path.dirname(file), unfinished);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } catch (error) {
      await rm(unfinished);
      throw error;
    } finally {
      await handle.close();
    }
    return unfinished;
  }

  /** Another driver may remove the empty folder again before there is a file in it. */
  async #openIn(folder: string, file: string): ReturnType<typeof open> {
    for (let attempt = 1; ; attempt++) {
      try {
        const made = await mkdir(folder, { recursive: true });
        if (made !== undefined) {
          if (!made.startsWith(this.#root + path.sep)) {
            this.#outermost = made;
          }
          await syncUpTo(folder, path.dirname(made));
        }
        return await open(file, 'wx', 0o600);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt === ATTEMPTS) {
          throw error;
        }
      }
    }
  }

  async #removeEmpty(folder: string): Promise<void> {
    const belowRoot = folder.startsWith(this.#root + path.sep);
    const ours = this.#outermost !== null && `${folder}${path.sep}`.startsWith(this.#outermost + path.sep);
    if (!belowRoot && !ours) {
      return;
    }
    try {
      await rmdir(folder);
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOTEMPTY' || code === 'EEXIST') {
        return;
      }
      if (code !== 'ENOENT') {
        throw error;
      }
    }
    await this.#removeEmpty(path.dirname(folder));
  }

  async #told<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      const hint = HINTS[codeOf(error) ?? ''];
      if (hint === undefined) {
        throw error;
      }
      throw new OperatorError('recovery-failed', `The shared ${this.address} cannot be used: ${messageOf(error)}.`, {
        hint,
        cause: error,
      });
    }
  }
}

const RIGHTS = 'Let the user who runs medplum-dr read and write this folder, or name another one.';
const KIND = 'Name a folder on a file system with hard links: a local one or NFS, not SMB or FAT.';
const HINTS: Readonly<Record<string, string | undefined>> = {
  EACCES: RIGHTS,
  // Of the folder's owner, or of a file system without hard links.
  EPERM: `${RIGHTS} ${KIND}`,
  EROFS: RIGHTS,
  ENOTDIR: 'A file is in the way: remove it, or name another folder.',
  ENOSPC: 'The disk is full: make room, then run the same command again.',
  EDQUOT: 'The quota is used up: make room, then run the same command again.',
  EIO: 'The disk or the file server behind the folder fails: name another folder.',
  ESTALE: 'The file server gave the folder up: mount it again.',
  ENOTSUP: KIND,
  ENOSYS: KIND,
};

/** Gives a file its name unless that is taken. */
async function linked(unfinished: string, file: string): Promise<boolean> {
  try {
    await link(unfinished, file);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') {
      throw error;
    }
    // On NFS the reply to a link that was made can be lost, and its repetition fails: see open(2), O_EXCL.
    return (await stat(unfinished)).nlink === 2;
  }
}

/** Folders may go while others are read. */
async function keysBelow(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') {
      return [];
    }
    throw error;
  });
  const keys = entries
    .filter((entry) => !entry.name.endsWith(UNFINISHED))
    .map((entry) =>
      entry.isDirectory()
        ? keysBelow(path.join(folder, entry.name), `${prefix}${entry.name}/`)
        : Promise.resolve([`${prefix}${entry.name}`])
    );
  return (await Promise.all(keys)).flat();
}

/** A new name is durable once the folder that holds it is on the disk. One that was removed meanwhile holds none. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') {
      return null;
    }
    throw error;
  });
  if (handle === null) {
    return;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncUpTo(folder: string, top: string): Promise<void> {
  for (let at = path.dirname(folder); ; at = path.dirname(at)) {
    await syncFolder(at);
    if (at === top) {
      return;
    }
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
