import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { restore } from '../postgresql/restore';
import {
  earlierRestore,
  removeRestoreRecord,
  restoredSchema,
  restoreSourceSchema,
  type RestoreSource,
  writeRestoreRecord,
} from '../postgresql/restore-record';
import { initialise, reconfigure, serverStatus, start, stop } from '../postgresql/server';
import { readSecrets, secretsKey } from '../secrets-store/store';
import type { LocalResource } from './resource';
import { sitePresent } from './site';

const inputs = z.object({
  dataDirectory: z.string(),
  logFile: z.string(),
  address: z.string(),
  port: z.number(),
  username: z.string(),
  databaseName: z.string(),
  passwordSecret: z.string(),
  secretStore: z.object({ storeFile: z.string(), keyFile: z.string() }),
  /** Where the write-ahead log is shipped to; null where nothing protects this database. */
  archive: z.object({ directory: z.string(), timeoutSeconds: z.number() }).nullable().default(null),
  restore: restoreSourceSchema.nullable().default(null),
  running: z.boolean(),
  site: z.object({ live: z.string() }),
});
type Inputs = z.infer<typeof inputs>;

const state = inputs.extend({
  status: z.enum(['running', 'stopped', 'missing']),
  ...restoredSchema.shape,
});
type State = z.infer<typeof state>;

async function status(database: { dataDirectory: string }): Promise<State['status']> {
  return (await serverStatus(database.dataDirectory)).state;
}

async function createNew(database: Inputs): Promise<State> {
  const { storeFile, keyFile } = database.secretStore;
  const password = (await readSecrets(storeFile, await secretsKey(keyFile))).get(database.passwordSecret);
  if (password === undefined) {
    throw new Error(`the secret "${database.passwordSecret}" is not in ${storeFile}`);
  }
  const { dataDirectory, address, port, username, databaseName, archive, logFile } = database;
  await initialise({
    dataDirectory,
    address,
    port,
    username,
    password,
    database: databaseName,
    ...(archive === null ? {} : { archive }),
  });
  await start({ dataDirectory, logFile });
  return { ...database, status: 'running', restoredFrom: null, restoreSeconds: null };
}

async function createRestored(database: Inputs, source: RestoreSource): Promise<State> {
  const { dataDirectory, address, port, logFile } = database;
  const { target } = source;
  const earlier = await earlierRestore(dataDirectory, source);
  if (earlier !== null) {
    if ((await status(database)) === 'stopped') {
      await start({ dataDirectory, logFile });
    }
    return { ...database, ...earlier, status: 'running' };
  }
  await writeRestoreRecord(dataDirectory, { source, result: null });
  const restored = await restore({
    replica: source.replica,
    bases: source.bases,
    target: target.kind === 'time' ? { kind: 'time', at: new Date(target.at) } : target,
    dataDirectory,
    address,
    port,
    logFile,
  });
  const result = {
    restoredFrom: {
      backup: restored.baseId,
      skipped: restored.skipped,
      replayedTo: restored.replayedTo.lsn,
      shortfall: restored.shortfall,
    },
    restoreSeconds: { copy: restored.timings.copySeconds, replay: restored.timings.replaySeconds },
  };
  await writeRestoreRecord(dataDirectory, { source, result });
  return { ...database, ...result, status: 'running' };
}

export const postgresqlResource: LocalResource<Inputs, State> = {
  inputs,
  state,
  replaceOn: ['dataDirectory', 'databaseName', 'username'],
  createOnly: ['restore'],
  async create(database) {
    const created =
      database.restore === null ? await createNew(database) : await createRestored(database, database.restore);
    return { id: database.dataDirectory, state: created };
  },
  async observe(database) {
    const now = await status(database);
    const lost = now === 'missing' && !(await sitePresent(database.site));
    const wanted = lost ? 'missing' : database.running ? 'running' : 'stopped';
    return now === wanted && now === database.status
      ? { kind: 'as-recorded' }
      : { kind: 'drifted', state: { ...database, status: now } };
  },
  async update(old, database) {
    const { dataDirectory, logFile } = database;
    const merged = { ...old, ...database, restore: old.restore };
    const now = await status(database);
    if (now === 'missing') {
      if (await sitePresent(database.site)) {
        throw new Error(
          `the data directory ${dataDirectory} is gone while its site still stands. An empty database is not made in its place: run medplum-dr recover`
        );
      }
      return { ...merged, status: 'missing' };
    }
    if (now === 'running') {
      await stop({ dataDirectory, mode: 'fast' });
    }
    const { address, port, archive } = database;
    await reconfigure({ dataDirectory, address, port, ...(archive === null ? {} : { archive }) });
    if (!database.running) {
      return { ...merged, status: 'stopped' };
    }
    await start({ dataDirectory, logFile });
    return { ...merged, status: 'running' };
  },
  async remove(database) {
    if ((await status(database)) === 'running') {
      await stop({ dataDirectory: database.dataDirectory, mode: 'fast' });
    }
    await rm(database.dataDirectory, { recursive: true, force: true });
    await removeRestoreRecord(database.dataDirectory);
  },
};
