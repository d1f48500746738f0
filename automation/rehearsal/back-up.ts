import type { RehearsalPrimary } from './environment';
import type { RehearsalWorkspace } from './workspace';
export async function backUp(_w: RehearsalWorkspace, _p: RehearsalPrimary): Promise<string> {
  throw new Error('todo');
}
