import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkHealth } from '../../medplum/health';
import { ApiClient } from '../../medplum/api-client';
import { createProject, type ProvisionedProject } from '../../medplum/provisioning';
import type { TestDatabase } from '../medplum/database';

const ROOT = path.join(__dirname, '..', '..');

export interface RunningStandIn {
  readonly endpoint: { readonly address: string; readonly port: number };
  readonly baseUrl: string;
  readonly superAdmin: ApiClient;
  /** An ordinary project with a client. */
  readonly project: ProvisionedProject;
  /** That client. */
  readonly api: ApiClient;
  readonly kill: StandInProcess['kill'];
}

export interface StandInOptions {
  readonly database: TestDatabase;
  readonly address: string;
  readonly port: number;
  readonly baseUrl: string;
}

export interface StandInProcess {
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => Promise<void>;
}

const superAdminClient = { clientId: randomUUID(), clientSecret: randomBytes(16).toString('hex') };

/** Starts the stand-in and waits until it answers. */
export async function startProcess({ database, address, port, baseUrl }: StandInOptions): Promise<StandInProcess> {
  const binaries = path.join(database.folder, 'binaries');
  mkdirSync(binaries, { recursive: true });
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', 'stand-in/main.ts', 'env'], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      MEDPLUM_PORT: String(port),
      MEDPLUM_STANDIN_ADDRESS: address,
      MEDPLUM_BASE_URL: baseUrl,
      MEDPLUM_DATABASE_HOST: '127.0.0.1',
      MEDPLUM_DATABASE_PORT: String(database.port),
      MEDPLUM_DATABASE_DBNAME: database.database,
      MEDPLUM_DATABASE_USERNAME: database.user,
      MEDPLUM_DATABASE_PASSWORD: database.password,
      MEDPLUM_BINARY_STORAGE: `file:${binaries}`,
      MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID: superAdminClient.clientId,
      MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET: superAdminClient.clientSecret,
    },
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const exited = once(child, 'exit');
  const deadline = Date.now() + 50_000;
  for (;;) {
    const health = await checkHealth({ endpoint: { address, port }, baseUrl }, { timeoutMs: 1000 });
    if (health.kind === 'answered' && health.status === 200) {
      break;
    }
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`The stand-in did not start (${JSON.stringify(health)}): ${errors}`);
    }
    await sleep(50);
  }
  return {
    kill: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
}

/** Starts the stand-in with an ordinary project and its client. */
export async function startStandIn(options: StandInOptions): Promise<RunningStandIn> {
  const { address, port, baseUrl } = options;
  const { kill } = await startProcess(options);
  const target = { endpoint: { address, port }, baseUrl, timeoutMs: 10_000 };
  const superAdmin = new ApiClient({ ...target, credentials: superAdminClient });
  const project = await createProject(superAdmin, 'Drill');
  return { ...target, superAdmin, project, api: new ApiClient({ ...target, credentials: project }), kill };
}
