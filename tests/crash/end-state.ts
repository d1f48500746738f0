import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { processTable } from '../../automation/engine/process-table';
import { leaseHolder } from '../../automation/control/lease';
import { openControlStore } from '../../automation/control/open-store';
import { REHEARSAL_ENVIRONMENT as NAME, type RehearsalWorkspace } from '../../automation/rehearsal/workspace';

const checkpointSchema = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        resources: z.array(z.object({ urn: z.string(), type: z.string() })).default([]),
        pending_operations: z.array(z.unknown()).nullish(),
      })
      .nullish(),
  }),
});

/** What stands in the end, in words that are the same for every run. */
export interface EndState {
  /** Types and names of what each stack of the state backend has; the front's, and those that runs made. */
  readonly stacks: Readonly<Record<string, readonly string[]>>;
  readonly pendingOperations: readonly string[];
  readonly madeTwice: readonly string[];
  readonly engineLocks: readonly string[];
  readonly heldBy: string | null;
  readonly configs: readonly string[];
  /** What runs: program and the folder it works in. Children of these are not listed. */
  readonly processes: readonly string[];
  readonly sites: readonly string[];
}

/** @param run the id of the run, which is left out of all names. */
export async function endStateOf(workspace: RehearsalWorkspace, run: string): Promise<EndState> {
  const plain = (text: string): string => text.replaceAll(run, 'RUN').replaceAll(workspace.directory, '');
  const { outside, project, sites } = workspace;
  const backend = path.join(outside, 'state', '.pulumi');
  const folder = path.join(backend, 'stacks', project.name);
  const names = (await filesBelow(folder)).filter((name) => name.endsWith('.json'));
  const stacks = await Promise.all(
    names.map(async (name) => {
      const { latest } = checkpointSchema.parse(JSON.parse(await readFile(path.join(folder, name), 'utf8'))).checkpoint;
      const urns = (latest?.resources ?? []).map((resource) => plain(resource.urn));
      const pending = (latest?.pending_operations ?? []).map(() => plain(name));
      return { name: plain(name.replace(/\.json$/, '')), urns, pending };
    })
  );
  const store = await openControlStore(outside, project.directory);
  const holder = (await leaseHolder(store, NAME))?.holder;
  return {
    stacks: Object.fromEntries(stacks.map(({ name, urns }) => [name, urns.map(shortUrn).sort()])),
    pendingOperations: stacks.flatMap(({ pending }) => pending),
    madeTwice: stacks.flatMap(({ urns }) => urns.filter((urn, index) => urns.indexOf(urn) !== index)),
    engineLocks: await filesBelow(path.join(backend, 'locks')),
    heldBy: holder === undefined ? null : plain(holder.purpose),
    configs: (await filesBelow(project.stackConfigDirectory)).map(plain).sort(),
    processes: (await processesIn(workspace.directory)).map(plain).sort(),
    sites: (await Promise.all(Object.values(sites).map((site) => readdir(site).catch(() => ['gone'])))).map((entries) =>
      entries.map(plain).sort().join(' ')
    ),
  };
}

function shortUrn(urn: string): string {
  const [, , , type = '', name = ''] = urn.split('::').length === 4 ? ['', ...urn.split('::')] : ['', '', '', '', urn];
  return `${type.split('$').at(-1) ?? ''} ${name}`;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

/** Processes that work in the folder or know it from their environment or arguments, without children of such. */
export async function processesIn(root: string): Promise<string[]> {
  const rows = await processTable();
  const own = new Set<number>();
  for (let pid: number | undefined = process.pid; pid !== undefined && !own.has(pid);) {
    own.add(pid);
    pid = rows.find((row) => row.pid === pid)?.parent;
  }
  const found = await Promise.all(
    rows
      .filter((row) => !own.has(row.pid))
      .map(async (row) => {
        const folder = await readlink(`/proc/${row.pid}/cwd`).catch(() => '');
        const environment = await readFile(`/proc/${row.pid}/environ`, 'utf8').catch(() => '');
        const isOurs = [folder, environment, row.command].some((text) => text.includes(root));
        return isOurs ? [{ ...row, folder }] : [];
      })
  );
  const ours = found.flat();
  const pids = new Set(ours.map((row) => row.pid));
  return ours.filter((row) => !pids.has(row.parent)).map(({ command, folder }) => `${programOf(command)} in ${folder}`);
}

/** `dns/server.js`, `postgres`. */
function programOf(command: string): string {
  const [program = '', first = ''] = command.split(' ');
  const script = /([^/]+\/[^/]+\.js)$/.exec(first);
  return script?.[1] ?? path.basename(program);
}
