import type { SiteOperations } from '../../components/site-operations';
import { messageOf } from '../../components/errors';
import type { EngineSession } from '../stacks/session';
import { judged, type Check } from '../verification/check';

const gone = { id: 'drill-removed', title: 'Everything that the drill made is gone' };

/**
 * Removes the copy that a drill made of a living environment, and looks at the recovery site afterwards: it must be as
 * free as it was. A removal that fails is a failed check, so that the report still tells of the rest.
 */
export async function removeCopy(
  { session, operations, stack }: { session: EngineSession; operations: SiteOperations; stack: string },
  onWaiting: (what: string) => void
): Promise<Check> {
  try {
    // What ends a drill early must not keep it from being removed.
    await session.destroy(stack, { signal: new AbortController().signal, onWaiting });
  } catch (error) {
    return judged(gone, false, `stack ${stack} could not be removed: ${messageOf(error)}`);
  }
  const findings = await operations.preflight(stack);
  const failed = findings.flatMap((finding) => (finding.status === 'failed' ? [finding.evidence] : []));
  return judged(
    gone,
    failed.length === 0,
    failed.length === 0
      ? `stack ${stack} is destroyed, and the recovery site is as free as before`
      : `stack ${stack} is destroyed, but: ${failed.join(' ')}`
  );
}
