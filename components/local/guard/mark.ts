import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../../errors';
import { readIfThere } from '../../read-if-there';
import { writeWhole } from '../postgresql/durable';
import { fenceDataDirectory, unfenceDataDirectory } from '../postgresql/fence';

/** What tells that a site must not take writes again: it outlives every process of the site. */
const markSchema = z.object({
  /** ISO instant at which the site was fenced. */
  at: z.iso.datetime(),
  reason: z.string(),
});
export type FenceMark = z.infer<typeof markSchema>;

function markFile(live: string): string {
  return path.join(live, 'fenced.json');
}

/** The mark of a site; null when it is not fenced. */
export async function readFenceMark(live: string): Promise<FenceMark | null> {
  const text = await readIfThere(markFile(live));
  return text === null ? null : markSchema.parse(JSON.parse(text));
}

/** Marks a site, and closes its database to everyone for when it is started by hand. The first mark stays. */
export async function markFenced(live: string, reason: string): Promise<void> {
  if ((await readFenceMark(live)) === null) {
    const mark: FenceMark = { at: new Date().toISOString(), reason };
    await writeWhole(markFile(live), `${JSON.stringify(mark)}\n`, { mode: 0o644 });
  }
  await fenceDataDirectory(path.join(live, 'database'));
}

/** Takes both off. A site that has neither stays as it is. */
export async function removeFence(live: string): Promise<void> {
  await unfenceDataDirectory(path.join(live, 'database'));
  await rm(markFile(live), { force: true });
}

/** @throws OperatorError (`preflight-failed`) when the site is fenced: nothing of it may be started. */
export async function refuseWhenFenced(live: string): Promise<void> {
  const mark = await readFenceMark(live);
  if (mark !== null) {
    throw new OperatorError(
      'preflight-failed',
      `Nothing is started in ${live}: this site is fenced since ${mark.at}, because ${mark.reason}`,
      {
        hint: 'The recovered site serves, and this one would take writes beside it. To come back here run medplum-dr failback, and never start this one by hand.',
      }
    );
  }
}
