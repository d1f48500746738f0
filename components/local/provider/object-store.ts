import { cp, constants, mkdir, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import type { LocalResource } from './resource';
import { sitePresent } from './site';

const inputs = z.object({
  folder: z.string(),
  /** The replica that a recovery starts from; null for a new store. */
  restoreFrom: z.string().nullable().default(null),
  site: z.object({ live: z.string() }),
});
type Inputs = z.infer<typeof inputs>;
const state = inputs.extend({ present: z.boolean() });
type State = z.infer<typeof state>;

async function folderPresent(folder: string): Promise<boolean> {
  try {
    return (await stat(folder)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

/** A folder tree with the keys of Medplum's `file:` storage, `{id}/{versionId}`. */
export const objectStoreResource: LocalResource<Inputs, State> = {
  inputs,
  state,
  replaceOn: ['folder'],
  createOnly: ['restoreFrom'],
  async create(store) {
    if (store.restoreFrom !== null && (await folderPresent(store.restoreFrom))) {
      await cp(store.restoreFrom, store.folder, {
        recursive: true,
        preserveTimestamps: true,
        mode: constants.COPYFILE_FICLONE,
        filter: (source) => !source.endsWith('.partial'),
      });
    }
    await mkdir(store.folder, { recursive: true });
    return { id: store.folder, state: { ...store, present: true } };
  },
  async observe(store) {
    const present = await folderPresent(store.folder);
    const wanted = present || !(await sitePresent(store.site));
    return wanted && present === store.present
      ? { kind: 'as-recorded' }
      : { kind: 'drifted', state: { ...store, present } };
  },
  async update(old, store) {
    const present = await folderPresent(store.folder);
    if (!present && (await sitePresent(store.site))) {
      throw new Error(
        `the object store ${store.folder} is gone while its site still stands; copy it back from the other site's replica. An empty one is not made in its place`
      );
    }
    return { ...old, ...store, present };
  },
  async remove(store) {
    await rm(store.folder, { recursive: true, force: true });
  },
};
