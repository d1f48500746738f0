import type pg from 'pg';
import { z } from 'zod';
import { takeFingerprint } from '../../../medplum/fingerprint';
import type { Facts } from './catalogue';

/** What is known of an environment at a recovery point: JSON of a fingerprint, and the application's version. */
export async function factsOf(client: pg.ClientBase, healthUrl: string): Promise<Facts> {
  const [fingerprint, serverVersion] = await Promise.all([fingerprintOf(client), versionOf(healthUrl)]);
  return { fingerprint, serverVersion };
}

export async function fingerprintOf(client: pg.ClientBase): Promise<Facts> {
  return z.json().parse(JSON.parse(JSON.stringify(await takeFingerprint(client))));
}

/** Null when the application does not answer, or not with a version. */
export async function versionOf(healthUrl: string): Promise<string | null> {
  try {
    const response = await fetch(healthUrl, { signal: AbortSignal.timeout(3000) });
    const parsed = z.object({ version: z.string() }).safeParse(await response.json());
    return parsed.success ? parsed.data.version : null;
  } catch {
    return null;
  }
}
