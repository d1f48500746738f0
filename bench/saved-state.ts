import { cp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { killProcessesOf } from '../automation/rehearsal/destroy-site';
import type { RehearsalWorkspace } from '../automation/rehearsal/workspace';

/** What a recovery changes outside the recovery site: the engine's state, the stacks' config, the name server's zone. */
function changedPlaces({ outside, project }: RehearsalWorkspace): string[] {
  return [path.join(outside, 'state'), path.join(outside, 'dns', 'zone.json'), project.stackConfigDirectory];
}

/**
 * Keeps a copy of the moment after the loss.
 * @returns a function that ends what a recovery started and puts everything back to that moment.
 */
export async function saveState(workspace: RehearsalWorkspace): Promise<() => Promise<void>> {
  const places = changedPlaces(workspace).map((place, index) => ({
    place,
    copy: path.join(workspace.directory, 'saved', String(index)),
  }));
  for (const { place, copy } of places) {
    await cp(place, copy, { recursive: true });
  }
  const site = workspace.sites.recovery;
  return async () => {
    await killProcessesOf(site);
    for (const name of (await readdir(site)).filter((each) => each !== 'replica')) {
      await rm(path.join(site, name), { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    }
    for (const { place, copy } of places) {
      await rm(place, { recursive: true, force: true });
      await cp(copy, place, { recursive: true });
    }
  };
}
