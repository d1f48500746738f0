import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { stopSite } from '../process/stop-site';
import type { LocalResource } from './resource';

const inputs = z.object({
  name: z.string(),
  /** The site's own folder; it also holds what another site ships here, which is never removed with the site. */
  root: z.string(),
  /** Folder of the stack within the site. */
  live: z.string(),
  address: z.string(),
});
const state = inputs.extend({ present: z.boolean() });
type State = z.infer<typeof state>;

/** Name of the file that marks a folder as a site. A folder without it is a lost site. */
function marker(site: { live: string }): string {
  return path.join(site.live, 'site.json');
}

async function make(site: z.infer<typeof inputs>): Promise<State> {
  await mkdir(site.live, { recursive: true });
  // PostgreSQL runs as another user when this runs as root, and must be able to enter.
  await chmod(site.root, 0o755);
  await chmod(site.live, 0o755);
  await writeFile(marker(site), JSON.stringify({ name: site.name, address: site.address }));
  return { ...site, present: true };
}

export async function sitePresent(site: { live: string }): Promise<boolean> {
  try {
    await stat(marker(site));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

export const siteResource: LocalResource<z.infer<typeof inputs>, State> = {
  inputs,
  state,
  replaceOn: ['root', 'live'],
  createOnly: [],
  async create(site) {
    // A folder with the marker alone is what a killed update leaves, and holds nothing that could be lost.
    if ((await sitePresent(site)) && (await readdir(site.live)).length > 1) {
      const owner = await readFile(marker(site), 'utf8');
      throw new Error(`${site.live} is a site already (${owner}); choose another folder or remove it`);
    }
    return { id: site.name, state: await make(site) };
  },
  async observe(site) {
    const present = await sitePresent(site);
    return present === site.present ? { kind: 'as-recorded' } : { kind: 'drifted', state: { ...site, present } };
  },
  /** A lost site is not made again: an empty folder in its place would pass for the site with its data. */
  async update(old, site) {
    return { ...old, ...site, present: await sitePresent(site) };
  },
  /** Ends what a killed update started and the engine does not know of: all it knows of is removed before. */
  async remove(site) {
    await stopSite(site.live);
    await rm(site.live, { recursive: true, force: true });
  },
};
