import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { json, type ApiClient } from './api-client';

const asyncJobSchema = z.object({ resourceType: z.literal('AsyncJob'), status: z.string() });
const POLL_MILLISECONDS = 50;

/**
 * Has the server rebuild its cron schedules, which lived in the lost Redis, and waits until it is done.
 * @throws Error when the job fails or is not done within `limitMs`.
 */
export async function reloadCron(superAdmin: ApiClient, limitMs: number, signal?: AbortSignal): Promise<void> {
  const headers = { 'content-type': 'application/json', prefer: 'respond-async' };
  const path = 'admin/super/reloadcron';
  const started = await superAdmin.request({ method: 'POST', path, headers, body: '{}' });
  const job = started.headers['content-location'];
  if (job === undefined) {
    throw new Error(`${path}: the server named no job to wait for`);
  }
  const deadline = performance.now() + limitMs;
  for (;;) {
    const status = await jobStatus(superAdmin, job);
    if (status === 'completed') {
      return;
    }
    if (status !== 'accepted' && status !== 'active') {
      throw new Error(`${path}: the job ended as "${status}"`);
    }
    if (performance.now() >= deadline) {
      throw new Error(`${path}: the job was not done within ${limitMs} ms`);
    }
    await sleep(POLL_MILLISECONDS, undefined, { signal });
  }
}

async function jobStatus(superAdmin: ApiClient, path: string): Promise<string> {
  const answer = await superAdmin.request({ method: 'GET', path });
  // 202 means that the job goes on, whatever the body is.
  return answer.status === 202 ? 'active' : asyncJobSchema.parse(json(answer)).status;
}

const migrationsSchema = z.object({
  postDeployMigrations: z.array(z.number()),
  /** 0 when none is pending. */
  pendingPostDeployMigration: z.number(),
});
export type Migrations = z.infer<typeof migrationsSchema>;

/** Post-deploy migrations that the server knows, and the next pending one. */
export async function migrations(superAdmin: ApiClient): Promise<Migrations> {
  return migrationsSchema.parse(json(await superAdmin.request({ method: 'GET', path: 'admin/super/migrations' })));
}
