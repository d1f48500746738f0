import { outcomeText } from '../../../medplum/api-error';
import type { BatchResponse, CreateBatch } from '../../../medplum/resources';

export interface RefusedEntry {
  /** Place in the batch. */
  readonly index: number;
  readonly resourceType: string;
  readonly reason: string;
}

/** Which entries of a batch the server took, by type, and which not and why. An entry without an answer was not taken. */
export function createdTypes(
  bundle: CreateBatch,
  response: BatchResponse
): { accepted: string[]; refused: RefusedEntry[] } {
  const accepted: string[] = [];
  const refused: RefusedEntry[] = [];
  for (const [index, { resource }] of bundle.entry.entries()) {
    const answer = response.entry[index]?.response;
    const { resourceType } = resource;
    if (answer?.status.startsWith('201') === true) {
      accepted.push(resourceType);
    } else {
      const reason = answer === undefined ? 'no answer' : (outcomeText(answer.outcome) ?? answer.status);
      refused.push({ index, resourceType, reason });
    }
  }
  return { accepted, refused };
}
