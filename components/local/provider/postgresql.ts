import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { refuseWhenFenced } from '../guard/mark';
import { restore } from '../postgresql/restore';
import {
  earlierRestore,
  removeRestoreRecord,
  restoredSchema,
  restoreSourceSchema,
  type RestoreSource,
  writeRestoreRecord,
} from '../postgresql/restore-record';
import { initialise, needsRestart, reconfigure, serverStatus, start, stop } from '../postgresql/server';
import { readSecrets, secretsKey } from '../secrets-store/store';
import { cancellation } from './cancellation';
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
    await run(database);
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
    signal: cancellation,
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
  if (database.archive !== null) {
    // Only from here on: a restore that is made again would archive the same names anew. Nobody uses the server yet, and
    // a restart is quicker than a reload that changes the archive of one so young.
    await stop({ dataDirectory, mode: 'fast' });
    await run(database);
  }
  return { ...database, ...result, status: 'running' };
}

/** Has a database that is there run with its settings, and restarts it only for those that take it. */
async function run(database: Inputs): Promise<void> {
  const { dataDirectory, logFile, address, port, archive } = database;
  const settings = { dataDirectory, address, port, ...(archive === null ? {} : { archive }) };
  // Stopped first: one that is killed in between leaves a server that needs its restart still, or is stopped.
  if ((await status(database)) === 'running' && (await needsRestart(settings))) {
    await stop({ dataDirectory, mode: 'fast' });
  }
  await reconfigure(settings);
  await start({ dataDirectory, logFile });
}

export const postgresqlResource: LocalResource<Inputs, State> = {
  inputs,
  state,
  replaceOn: ['dataDirectory', 'databaseName', 'username'],
  createOnly: ['restore'],
  async create(database) {
    await refuseWhenFenced(database.site.live);
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
    const { dataDirectory } = database;
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
    if (database.running) {
      await refuseWhenFenced(database.site.live);
      await run(database);
      return { ...merged, status: 'running' };
    }
    if (now === 'running') {
      await stop({ dataDirectory, mode: 'fast' });
    }
    const { address, port, archive } = database;
    await reconfigure({ dataDirectory, address, port, ...(archive === null ? {} : { archive }) });
    return { ...merged, status: 'stopped' };
  },
  async remove(database) {
    if ((await status(database)) === 'running') {
      await stop({ dataDirectory: database.dataDirectory, mode: 'fast' });
    }
    await rm(database.dataDirectory, { recursive: true, force: true });
    await removeRestoreRecord(database.dataDirectory);
  },
};
