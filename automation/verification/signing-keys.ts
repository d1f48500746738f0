import { z } from 'zod';
import { messageOf } from '../../components/errors';
import type { ApiClient } from '../../medplum/api-client';
import { judged, notChecked, type Check } from './check';
import { rowsOf, type DatabaseCheckContext, type Recorded } from './context';

const named = { id: 'signing-keys', title: 'Signing keys are those recorded before the loss' };
const served = { id: 'served-signing-keys', title: 'The server serves the recorded signing keys' };

/** A server started on the wrong or an empty database has keys of its own: the ids tell them apart. */
export async function signingKeys({ database, recorded }: DatabaseCheckContext): Promise<Check> {
  if (!recorded.known) {
    return notChecked(named, recorded.reason);
  }
  const wanted = recorded.fingerprint.signingKeyIds;
  const rows = await rowsOf(database, 'JsonWebKey', 'select id from "JsonWebKey" where not deleted');
  const found = new Set(
    z
      .array(z.object({ id: z.string() }))
      .parse(rows ?? [])
      .map((row) => row.id)
  );
  return compare(named, wanted, found);
}

/** @param api needs no credentials: everyone may ask for these keys. */
export async function servedSigningKeys(api: ApiClient, recorded: Recorded): Promise<Check> {
  if (!recorded.known) {
    return notChecked(served, recorded.reason);
  }
  try {
    return compare(served, recorded.fingerprint.signingKeyIds, new Set(await api.signingKeyIds()));
  } catch (error) {
    return judged(served, false, messageOf(error));
  }
}

function compare(check: typeof named, wanted: readonly string[], found: ReadonlySet<string>): Check {
  const missing = wanted.filter((id) => !found.has(id));
  if (wanted.length === 0) {
    return notChecked(check, 'the recovery point was recorded without any signing key');
  }
  return missing.length === 0
    ? judged(check, true, `${wanted.length} of ${wanted.length} recorded key(s) found`)
    : judged(check, false, `missing: ${missing.join(', ')}; there are: ${[...found].join(', ') || 'none'}`);
}
