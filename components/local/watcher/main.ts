import { Resolver } from 'node:dns/promises';
import { appendFile, mkdir } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from '../../errors';
import { watcherEventsFile, type WatcherEvent } from './events';

/*
 * The health watcher: asks the environment for its health by name, as clients reach it, and says so when it is out:
 * a log line, a line in events.jsonl, and a POST to the webhook.
 */

const settingsSchema = z.object({
  name: z.string(),
  port: z.int(),
  dns: z.object({ address: z.string(), port: z.int() }),
  intervalSeconds: z.number(),
  failures: z.int(),
  webhook: z.string().optional(),
  folder: z.string(),
});
type Settings = z.infer<typeof settingsSchema>;

type Probe =
  | { readonly state: 'good'; readonly address: string }
  | { readonly state: 'bad'; readonly reason: string; readonly address: string | null };

/** Medplum's check says `ok` whatever happens: status and `postgres` tell the truth (seen on Medplum 5.0.10). */
const healthSchema = z.looseObject({ postgres: z.boolean() });

async function probe(settings: Settings, resolver: Resolver): Promise<Probe> {
  let address: string | null = null;
  try {
    address = (await resolver.resolve4(settings.name))[0] ?? null;
    if (address === null) {
      return { state: 'bad', reason: `${settings.name} has no address`, address };
    }
    const { status, body } = await get(settings, address);
    if (status !== 200) {
      return { state: 'bad', reason: `/healthcheck answered ${status}`, address };
    }
    const health = healthSchema.safeParse(JSON.parse(body));
    return health.success && health.data.postgres
      ? { state: 'good', address }
      : { state: 'bad', reason: '/healthcheck says the database does not answer', address };
  } catch (error) {
    return { state: 'bad', reason: messageOf(error), address };
  }
}

function get(settings: Settings, address: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.get(
      {
        host: address,
        port: settings.port,
        path: '/healthcheck',
        headers: { host: `${settings.name}:${settings.port}` },
        timeout: 2000,
        agent: false,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body });
        });
        response.on('error', reject);
      }
    );
    request.on('timeout', () => request.destroy(new Error('no answer in 2 s')));
    request.on('error', reject);
  });
}

async function announce(settings: Settings, event: WatcherEvent): Promise<void> {
  console.log(JSON.stringify(event));
  const file = watcherEventsFile(settings.folder);
  await mkdir(path.dirname(file), { recursive: true });
  await appendFile(file, `${JSON.stringify(event)}\n`);
  if (settings.webhook === undefined) {
    return;
  }
  try {
    const response = await fetch(settings.webhook, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ environment: settings.name, ...event }),
      signal: AbortSignal.timeout(5000),
    });
    console.log(`webhook answered ${response.status}`);
  } catch (error) {
    console.log(`webhook could not be told: ${messageOf(error)}`);
  }
}

async function main(): Promise<void> {
  const settings = settingsSchema.parse(JSON.parse(process.env['MEDPLUM_DR_WATCHER'] ?? '{}'));
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`${settings.dns.address}:${settings.dns.port}`]);
  let lastGoodAt: string | null = null;
  let firstFailureAt: string | null = null;
  let failures = 0;
  console.log(`watching ${settings.name} every ${settings.intervalSeconds} s`);
  for (;;) {
    const at = new Date().toISOString();
    const result = await probe(settings, resolver);
    if (result.state === 'good') {
      if (failures >= settings.failures && firstFailureAt !== null) {
        const outageSeconds = (Date.now() - Date.parse(firstFailureAt)) / 1000;
        await announce(settings, { kind: 'recovered', at, outageSeconds, address: result.address });
      }
      failures = 0;
      firstFailureAt = null;
      lastGoodAt = at;
    } else {
      failures += 1;
      firstFailureAt ??= at;
      // An environment that never answered is starting, not out.
      if (failures === settings.failures && lastGoodAt !== null) {
        const { reason, address } = result;
        const detectedAt = new Date().toISOString();
        await announce(settings, { kind: 'outage', detectedAt, lastGoodAt, firstFailureAt, reason, address });
      }
    }
    await sleep(settings.intervalSeconds * 1000);
  }
}

void main();
