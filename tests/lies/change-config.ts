import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { readStackConfig, writeStackConfig } from '../../automation/stacks/project';
import type { LostEnvironment } from './lost-environment';

/** Changes some settings of one section of the environment's config. */
export async function changeConfig(
  { workspace: { project } }: LostEnvironment,
  section: 'application' | 'objectives',
  values: Record<string, unknown>
): Promise<void> {
  const { [section]: before } = await readStackConfig(project, NAME);
  await writeStackConfig(project, NAME, { [section]: { ...(before as object), ...values } });
}
