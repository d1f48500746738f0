import type { BinaryVersion } from '../../medplum/writes';
import type { SiteOperations, SiteOutputs } from '../../components/site-operations';
import { judged, type Check } from './check';

const named = { id: 'binaries', title: 'The store has the bytes of every Binary that the database names' };

export interface BinariesFound {
  readonly check: Check;
  /** ISO instant of the newest Binary whose bytes are there; null when there is none. */
  readonly newestObjectAt: string | null;
  readonly missing: number;
}

/**
 * Looks for the bytes of each live Binary. Bytes that are missing for Binaries written within the RPO objective before
 * the newest write are the loss that the objective allows: they are named, and do not fail the check.
 */
export async function binaries(
  versions: readonly BinaryVersion[],
  context: {
    operations: SiteOperations;
    outputs: SiteOutputs;
    newestWriteAt: string | null;
    rpoSeconds: number;
  }
): Promise<BinariesFound> {
  const missing = await context.operations.missingObjects(context.outputs, versions);
  const missingIds = new Set(missing.map((object) => object.id));
  const present = versions.filter((version) => !missingIds.has(version.id));
  const newestObjectAt = present.at(-1)?.lastUpdated ?? null;
  const allowedFrom =
    context.newestWriteAt === null ? Infinity : Date.parse(context.newestWriteAt) - context.rpoSeconds * 1000;
  const absent = versions.filter((version) => missingIds.has(version.id));
  const old = absent.filter((version) => Date.parse(version.lastUpdated) < allowedFrom);
  const list = absent.slice(0, 20).map((version) => `${version.id}/${version.versionId}`);
  const evidence =
    absent.length === 0
      ? `${versions.length} of ${versions.length} present`
      : `${absent.length} of ${versions.length} missing, ${old.length} of them older than the RPO allows: ${list.join(', ')}`;
  return { check: judged(named, old.length === 0, evidence), newestObjectAt, missing: absent.length };
}
