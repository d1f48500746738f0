import { randomBytes, randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { digestSecret, readSecrets, secretsKey, writeSecrets } from '../secrets-store/store';
import type { LocalResource } from './resource';
import { sitePresent } from './site';

const inputs = z.object({
  storeFile: z.string(),
  keyFile: z.string(),
  /** Values to make up once, by name; `uuid` where Medplum wants one as a client's id. */
  generate: z.record(z.string(), z.enum(['password', 'uuid'])),
  /** Values from the operator. They reach the provider as Pulumi secrets and are not kept in its outputs. */
  values: z.record(z.string(), z.string()),
  /** The other site's copy; null where there is no other site. */
  replicaFile: z.string().nullable().default(null),
  /** The copy that a recovery starts from; null in an environment that is new. */
  restoreFrom: z.string().nullable().default(null),
  site: z.object({ live: z.string() }),
});
type Inputs = z.infer<typeof inputs>;
/** In the state `values` are keyed digests: they show a change and tell nothing. No `names`: the store is lost. */
const state = inputs.extend({ names: z.array(z.string()) });
type State = z.infer<typeof state>;

function made(kind: 'password' | 'uuid'): string {
  return kind === 'uuid' ? randomUUID() : randomBytes(24).toString('base64url');
}

async function write(store: Inputs, kept: Map<string, string>): Promise<State> {
  const key = await secretsKey(store.keyFile);
  const secrets = new Map(kept);
  for (const [name, kind] of Object.entries(store.generate)) {
    if (!secrets.has(name)) {
      secrets.set(name, made(kind));
    }
  }
  for (const [name, value] of Object.entries(store.values)) {
    secrets.set(name, value);
  }
  await writeSecrets(
    store.replicaFile === null ? [store.storeFile] : [store.storeFile, store.replicaFile],
    key,
    secrets
  );
  return { ...withDigests(store, key), names: [...secrets.keys()].sort() };
}

function withDigests(store: Inputs, key: Buffer): Inputs {
  const digests = Object.entries(store.values).map(([name, value]) => [name, digestSecret(value, key)] as const);
  return { ...store, values: Object.fromEntries(digests) };
}

export const secretStoreResource: LocalResource<Inputs, State> = {
  inputs,
  state,
  replaceOn: ['storeFile'],
  createOnly: ['restoreFrom'],
  async recorded(store) {
    return withDigests(store, await secretsKey(store.keyFile));
  },
  async create(store) {
    const key = await secretsKey(store.keyFile);
    const kept = store.restoreFrom === null ? new Map<string, string>() : await readSecrets(store.restoreFrom, key);
    if (store.restoreFrom !== null && kept.size === 0) {
      throw new Error(
        `no secrets were replicated to ${store.restoreFrom}: the environment cannot be recovered without them`
      );
    }
    return { id: store.storeFile, state: await write(store, kept) };
  },
  async observe(store) {
    const key = await secretsKey(store.keyFile);
    const secrets = await readSecrets(store.storeFile, key);
    const gone = secrets.size === 0 && (await sitePresent(store.site));
    return gone || store.names.some((name) => !secrets.has(name))
      ? { kind: 'drifted', state: { ...store, names: [...secrets.keys()].sort() } }
      : { kind: 'as-recorded' };
  },
  async update(old, store) {
    const key = await secretsKey(store.keyFile);
    const kept = await readSecrets(store.storeFile, key);
    if (kept.size > 0) {
      return write(store, kept);
    }
    // Making new values would lock the environment out of its own database.
    if (await sitePresent(store.site)) {
      throw new Error(
        `the secret store ${store.storeFile} is gone while its site still stands; copy it back${store.replicaFile === null ? '' : ` from ${store.replicaFile}`}. New secrets are not made in its place`
      );
    }
    return { ...old, names: [] };
  },
  async remove(store) {
    await rm(store.storeFile, { force: true });
  },
};
