import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import { messageOf } from '../../errors';
import { backUpNow } from './back-up-now';
import type { Facts } from './catalogue';
import { factsOf } from './facts';
import { listRecoveryPoints, markRecoveryPoint } from './recovery-points';

/** The agent's configuration, as JSON in MEDPLUM_DR_BACKUP_AGENT. The password is in PGPASSWORD. */
export const BackupAgentConfig = z.object({
  replica: z.string(),
  dataDirectory: z.string(),
  connection: z.object({ host: z.string(), port: z.int(), database: z.string(), user: z.string() }),
  /** Asked for the application's version, which is noted with each point. */
  healthUrl: z.url(),
  markEverySeconds: z.number().positive(),
  baseEverySeconds: z.number().positive(),
  keep: z.int().positive(),
});
export type BackupAgentConfig = z.infer<typeof BackupAgentConfig>;

/** Marks recovery points and takes base backups until the signal; a failure is told and tried again. */
export async function runBackupAgent(
  config: BackupAgentConfig,
  password: string | undefined,
  tell: (event: string) => void,
  signal: AbortSignal
): Promise<void> {
  const connection = {
    ...config.connection,
    password,
    connectionTimeoutMillis: 5000,
    application_name: 'medplum-dr backup agent',
  };
  await Promise.all([marks(config, connection, tell, signal), bases(config, connection, tell, signal)]);
}

async function marks(
  config: BackupAgentConfig,
  connection: pg.ClientConfig,
  tell: (event: string) => void,
  signal: AbortSignal
): Promise<void> {
  await repeat(config.markEverySeconds, signal, async () => {
    try {
      const mark = await withClient(connection, async (client) =>
        markRecoveryPoint({
          connection: client,
          replica: config.replica,
          facts: await factsOf(client, config.healthUrl),
        })
      );
      tell(`recovery point ${mark.id} at ${mark.lsn}`);
    } catch (error) {
      tell(`no recovery point: ${messageOf(error)}`);
    }
    return config.markEverySeconds;
  });
}

async function bases(
  config: BackupAgentConfig,
  connection: pg.ClientConfig,
  tell: (event: string) => void,
  signal: AbortSignal
): Promise<void> {
  const { replica, dataDirectory, keep, baseEverySeconds } = config;
  await repeat(await untilFirstBase(config), signal, async () => {
    try {
      const facts = (): Promise<Facts> => withClient(connection, (client) => factsOf(client, config.healthUrl));
      const { id, backup, damage, removed } = await backUpNow({
        connection,
        dataDirectory,
        replica,
        keep,
        facts,
        signal,
      });
      const verdict = damage.length === 0 ? 'healthy' : `DAMAGED: ${damage.slice(0, 3).join('; ')}`;
      tell(
        `base backup ${id}, ${backup.sizeBytes} bytes, ${verdict}; removed ${removed.bases.length} older and ${removed.walFiles} WAL files`
      );
      return damage.length === 0 ? baseEverySeconds : Math.min(baseEverySeconds, 30);
    } catch (error) {
      if (!signal.aborted) {
        tell(`no base backup: ${messageOf(error)}`);
      }
      return Math.min(baseEverySeconds, 10);
    }
  });
}

/** A restarted agent goes on with the rhythm of the one before it. */
async function untilFirstBase({ replica, baseEverySeconds }: BackupAgentConfig): Promise<number> {
  const { points } = await listRecoveryPoints(replica);
  const newest = points.findLast((point) => point.kind === 'base-backup' && point.restorable === true);
  return newest ? Math.max(0, baseEverySeconds - (Date.now() - newest.time.getTime()) / 1000) : 0;
}

async function repeat(firstSeconds: number, signal: AbortSignal, work: () => Promise<number>): Promise<void> {
  for (let seconds = firstSeconds; ; seconds = await work()) {
    await delay(seconds * 1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      return;
    }
  }
}

async function withClient<T>(connection: pg.ClientConfig, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connection);
  // A lost session is told by the query that fails on it.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function main(): void {
  const config = BackupAgentConfig.parse(JSON.parse(process.env['MEDPLUM_DR_BACKUP_AGENT'] ?? '{}'));
  const stopping = new AbortController();
  const tell = (event: string): void => {
    console.log(`${new Date().toISOString()} ${event}`);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      tell(`stops on ${signal}`);
      stopping.abort(new Error('the agent stops'));
      // A query or a wait for the database must not hold it up.
      setTimeout(() => process.exit(0), 1500).unref();
    });
  }
  tell(`protects ${config.dataDirectory} into ${config.replica}`);
  runBackupAgent(config, process.env['PGPASSWORD'], tell, stopping.signal).then(
    () => process.exit(0),
    (error: unknown) => {
      tell(`ends: ${messageOf(error)}`);
      process.exit(1);
    }
  );
}

if (require.main === module) {
  main();
}
