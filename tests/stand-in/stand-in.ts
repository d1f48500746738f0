import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually, freePort, type TestPostgresql } from './postgresql';

export const superAdmin = { id: '6f1d1a6e-3b1f-4c55-9c0e-1f7a0d5b7a11', secret: 'test-super-admin-secret' };
const main = resolve(__dirname, '../../stand-in/main.ts');

export interface Ended {
  code: number | null;
  output: string;
  seconds: number;
}

/** Runs the stand-in until it ends by itself. */
export async function runToEnd(environment: Record<string, string>, args = ['env']): Promise<Ended> {
  const startedAt = Date.now();
  const child = spawn(process.execPath, ['--require', 'tsx/cjs', main, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  await once(child, 'close');
  return { code: child.exitCode, output, seconds: (Date.now() - startedAt) / 1000 };
}

/** The environment that `env` reads, for one database of a test's PostgreSQL. */
export function environmentFor(postgresql: TestPostgresql, database: string, folder: string): Record<string, string> {
  return {
    MEDPLUM_BASE_URL: 'http://medplum.example.com/',
    MEDPLUM_DATABASE_HOST: '127.0.0.1',
    MEDPLUM_DATABASE_PORT: String(postgresql.port),
    MEDPLUM_DATABASE_DBNAME: database,
    MEDPLUM_DATABASE_USERNAME: 'medplum',
    MEDPLUM_DATABASE_PASSWORD: 'unused-as-trusted',
    MEDPLUM_BINARY_STORAGE: `file:${folder}`,
    MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID: superAdmin.id,
    MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET: superAdmin.secret,
    MEDPLUM_PORT: '1',
  };
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A running stand-in with its storage folder. */
export class StandIn {
  readonly folder: string;
  readonly url: string;
  output = '';
  private readonly child: ChildProcess;

  private constructor(url: string, folder: string, child: ChildProcess) {
    this.url = url;
    this.folder = folder;
    this.child = child;
  }

  static async start(
    postgresql: TestPostgresql,
    database: string,
    options: { environment?: Record<string, string>; folder?: string } = {}
  ): Promise<StandIn> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'standin-binary-'));
    const port = await freePort();
    const child = spawn(process.execPath, ['--require', 'tsx/cjs', main, 'env'], {
      env: {
        PATH: process.env['PATH'],
        ...environmentFor(postgresql, database, folder),
        MEDPLUM_PORT: String(port),
        ...options.environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const standIn = new StandIn(`http://127.0.0.1:${port}`, folder, child);
    child.stdout.on('data', (data: Buffer) => (standIn.output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (standIn.output += data.toString()));
    await eventually(() => {
      if (child.exitCode !== null) {
        throw new Error(`The stand-in ended: ${standIn.output}`);
      }
      return Promise.resolve(standIn.output.includes('Server started') ? true : undefined);
    }, 30);
    return standIn;
  }

  /** Ends it with SIGTERM, keeping its storage folder; gives the exit code and how long it took. */
  async stop(): Promise<{ code: number | null; seconds: number }> {
    const startedAt = Date.now();
    if (this.child.exitCode === null) {
      this.child.kill('SIGTERM');
      await once(this.child, 'exit');
    }
    return { code: this.child.exitCode, seconds: (Date.now() - startedAt) / 1000 };
  }

  async destroy(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async get<T = unknown>(path: string, authorization?: string): Promise<Answer<T>> {
    return this.send<T>('GET', path, authorization);
  }

  async send<T = unknown>(
    method: string,
    path: string,
    authorization?: string,
    body?: unknown,
    headers: Record<string, string> = {}
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T };
  }

  /** A token by the client_credentials grant. */
  async token(client: { id: string; secret: string }): Promise<Answer<TokenAnswer>> {
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.id,
      client_secret: client.secret,
    });
    return this.send('POST', '/oauth2/token', undefined, form.toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    });
  }
}

export interface TokenAnswer {
  access_token: string;
  expires_in: number;
  error?: string;
  error_description?: string;
}

export function basic(client: { id: string; secret: string }): string {
  return `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;
}

/** A project of its own with a client, made through the API by the super admin. */
export async function ordinaryClient(
  standIn: StandIn,
  name: string
): Promise<{ id: string; secret: string; project: string }> {
  const project = await standIn.send<{ id: string }>('POST', '/fhir/R4/Project', basic(superAdmin), {
    resourceType: 'Project',
    name,
  });
  const client = await standIn.send<{ id: string; secret: string }>(
    'POST',
    `/admin/projects/${project.body.id}/client`,
    basic(superAdmin),
    { name }
  );
  return { id: client.body.id, secret: client.body.secret, project: project.body.id };
}
