import path from 'node:path';
import { rename } from 'node:fs/promises';
import type { Client } from 'pg';
import { loadEnvironment } from '../../components/program';
import type { PlatformEnvironment } from '../../components/platform';
import type { RestorePlan, SiteOperations, SiteOutputs } from '../../components/site-operations';
import { secretsKey, writeSecrets } from '../../components/local/secrets-store/store';
import { realClock } from '../../automation/recovery/clock';
import type { StepResults } from '../../automation/recovery/results';
import type { StepContext } from '../../automation/recovery/step';
import type { Recorded } from '../../automation/verification/context';
import { medplumVerification } from '../../automation/verification/site';
import { takeFingerprint, type DatabaseFingerprint } from '../../medplum/fingerprint';
import type { StoredResource } from '../../medplum/resources';
import { resourceTypes } from '../../medplum/tables';
import { committedConfig } from '../components/local-environment';
import { freePort, startDatabase, type TestDatabase } from '../medplum/database';
import { startStandIn, type RunningStandIn } from '../rehearsal/stand-in';

/** Version that the stand-in answers; see `stand-in/versions.ts`. */
export const SERVER_VERSION = '5.0.10-standin';

/** A site as a recovery leaves it: a database, a store, a server, secrets; and what was recorded of it before. */
export interface RestoredSite {
  readonly database: TestDatabase;
  /** A session that a test may break data in, within a transaction that is rolled back. */
  readonly client: Client;
  readonly server: RunningStandIn;
  readonly fingerprint: DatabaseFingerprint;
  readonly recorded: Recorded & { known: true };
  /** Recorded and alive still. */
  readonly patients: readonly StoredResource[];
  /** Written an hour before the newest write, and just before it. */
  readonly binaries: { readonly old: StoredResource; readonly recent: StoredResource };
  readonly environment: PlatformEnvironment;
  readonly operations: SiteOperations;
  readonly outputs: SiteOutputs;
  /** File of a Binary in the store. */
  binaryFile(binary: StoredResource): string;
  remove(): Promise<void>;
}

/**
 * Brings one up on a real PostgreSQL and the real stand-in. After the recording it was written on: a write, an update
 * and a delete that a restore to a later moment has too.
 */
export async function restoredSite(): Promise<RestoredSite> {
  const database = await startDatabase();
  try {
    return await fill(database);
  } catch (error) {
    await database.remove();
    throw error;
  }
}

async function fill(database: TestDatabase): Promise<RestoredSite> {
  const port = await freePort();
  const { environment, operations, outputs } = siteOf(database, port);
  const { baseUrl } = environment.config.application;
  const server = await startStandIn({ database, address: '127.0.0.1', port, baseUrl });
  const client = await database.connect();
  const remove = async (): Promise<void> => {
    await client.end();
    await server.kill('SIGTERM');
    await database.remove();
  };
  try {
    await giveSecrets(database, outputs, server);
    const { api } = server;
    const patients: StoredResource[] = [];
    for (const family of ['Ito', 'Okafor', 'Silva', 'Novak']) {
      patients.push(await api.create({ resourceType: 'Patient', name: [{ family }] }));
    }
    await api.delete('Patient', (await api.create({ resourceType: 'Patient' })).id);
    const old = await api.createBinary(Buffer.from('an old scan'), 'text/plain');
    // Written an hour ago, recorded half an hour ago: no write is within the slack around the recording.
    await setBackByOneHour(client);
    const { project } = server;
    const taken = await takeFingerprint(client, { sampleProject: project.projectId });
    const fingerprint = { ...taken, takenAt: new Date(Date.parse(taken.takenAt) - 1_800_000).toISOString() };
    await api.create({ resourceType: 'Observation', status: 'final', code: { text: 'after the recording' } });
    const deleted = patients.pop();
    await api.delete('Patient', deleted?.id ?? '');
    const recent = await api.createBinary(Buffer.from('a new scan'), 'text/plain');
    return {
      database,
      client,
      server,
      fingerprint,
      recorded: { known: true, fingerprint, serverVersion: SERVER_VERSION, pointId: 'point-1' },
      patients,
      binaries: { old, recent },
      environment,
      operations,
      outputs,
      binaryFile: (binary) => path.join(outputs.binaryStorage.replace(/^file:/, ''), binary.id, binary.meta.versionId),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function siteOf(database: TestDatabase, port: number): Pick<RestoredSite, 'environment' | 'operations' | 'outputs'> {
  const values = committedConfig();
  const environment = loadEnvironment(
    {
      ...values,
      outside: { folder: path.join(database.folder, 'outside') },
      application: { ...(values['application'] as object), startTimeout: '2s' },
    },
    { projectDirectory: database.folder, stack: 'local-primary' }
  );
  const outputs: SiteOutputs = {
    siteEndpoint: { address: '127.0.0.1', port },
    database: {
      host: '127.0.0.1',
      port: database.port,
      name: database.database,
      username: database.user,
      passwordSecret: 'databasePassword',
      restoredFrom: { backup: 'base-1', skipped: [], replayedTo: null, shortfall: null },
    },
    cache: null,
    binaryStorage: `file:${path.join(database.folder, 'binaries')}`,
    secretsLocation: path.join(database.folder, 'secrets.json'),
  };
  return { environment, operations: environment.operations(), outputs };
}

async function giveSecrets(database: TestDatabase, outputs: SiteOutputs, server: RunningStandIn): Promise<void> {
  const key = await secretsKey(path.join(database.folder, 'outside', 'keys', 'secrets.key'));
  const secrets = new Map([
    ['databasePassword', database.password],
    ['verificationClientId', server.project.clientId],
    ['verificationClientSecret', server.project.clientSecret],
  ]);
  await writeSecrets([outputs.secretsLocation], key, secrets);
}

async function setBackByOneHour(client: Client): Promise<void> {
  for (const type of await resourceTypes(client)) {
    for (const table of [type, `${type}_History`]) {
      await client.query(`update "${table}" set "lastUpdated" = "lastUpdated" - interval '1 hour'`);
    }
  }
}

/** Runs within a transaction of the session that is rolled back. */
export async function rolledBack<Value>(client: Client, run: () => Promise<Value>): Promise<Value> {
  await client.query('begin');
  try {
    return await run();
  } finally {
    await client.query('rollback');
  }
}

/** Takes a file away for as long as something runs. */
export async function withoutFile<Value>(file: string, run: () => Promise<Value>): Promise<Value> {
  await rename(file, `${file}.away`);
  try {
    return await run();
  } finally {
    await rename(`${file}.away`, file);
  }
}

/**
 * What the steps of the data and of the API ask for, on a real site; a double of the rest, which they never touch.
 * @param changes outputs of another site; another recording, or null for none.
 */
export function contextOf(
  site: RestoredSite,
  changes: {
    readonly outputs?: SiteOutputs;
    readonly recorded?: RestorePlan['recorded'];
    readonly accepted?: readonly string[];
    readonly operations?: SiteOperations;
  } = {}
): { context: StepContext; told: { id: string; status: string }[] } {
  const { fingerprint } = site;
  const facts = { fingerprint: JSON.parse(JSON.stringify(fingerprint)) as unknown, serverVersion: SERVER_VERSION };
  const plan = {
    recorded:
      changes.recorded === undefined ? { pointId: 'point-1', time: fingerprint.takenAt, facts } : changes.recorded,
  };
  const results = {
    'recovery-point': plan,
    'recovery-stack': { stack: 'recovery', outputs: changes.outputs ?? site.outputs, resources: [] },
  } as unknown as StepResults;
  const told: { id: string; status: string }[] = [];
  const context = {
    environment: site.environment,
    operations: changes.operations ?? site.operations,
    verification: medplumVerification,
    clock: realClock,
    takesTraffic: true,
    acceptedChecks: new Set(changes.accepted ?? []),
    signal: new AbortController().signal,
    emit: (event) => {
      if (event.kind === 'check') {
        told.push({ id: event.check.id, status: event.check.status });
      }
    },
    waiting: () => undefined,
    result: (step) => results[step],
  } satisfies Partial<StepContext> as unknown as StepContext;
  return { context, told };
}
