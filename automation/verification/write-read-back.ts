import type { ApiClient } from '../../medplum/api-client';
import { messageOf } from '../../components/errors';
import { judged, type Check } from './check';

export const writeReadBackCheck = { id: 'write-read-back', title: 'A write is taken and found again' };

/** Writes a small resource, finds it by search and deletes it. A read-only database passes every other check. */
export async function writeReadBack(api: ApiClient): Promise<Check> {
  try {
    const written = await api.create({ resourceType: 'Basic', code: { text: 'medplum-dr verification' } });
    const found = await api.findById('Basic', written.id);
    await api.delete('Basic', written.id);
    const good = found?.meta.versionId === written.meta.versionId;
    return judged(
      writeReadBackCheck,
      good,
      good
        ? `Basic/${written.id} written, found by search, deleted`
        : `Basic/${written.id} was written and is not found`
    );
  } catch (error) {
    return judged(writeReadBackCheck, false, messageOf(error));
  }
}
