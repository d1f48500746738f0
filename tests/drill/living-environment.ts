import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { findEngine } from '../../automation/engine';
import { backUp } from '../../automation/rehearsal/back-up';
import { loadResources } from '../../automation/rehearsal/data/load';
import { bringUpPrimary, type RehearsalPrimary } from '../../automation/rehearsal/environment';
import { narratorOf } from '../../automation/rehearsal/narrator';
import { makeWorkspace, REHEARSAL_ENVIRONMENT, type RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { runEngineCommand } from '../../automation/stacks/engine-command';
import type { LocalConfig } from '../../components/local/config';
import { medplumDr, type Ended } from './command-line';
import { makeFolder, removeFolder } from './folder';
import { configOf } from './places';

/** An environment on the local platform that lives, filled and protected, in a folder of its own. */
export interface LivingEnvironment {
  readonly folder: string;
  readonly workspace: RehearsalWorkspace;
  readonly primary: RehearsalPrimary;
  readonly config: LocalConfig;
  /** Folder and variables in which its operator runs the command. */
  readonly options: { readonly folder: string; readonly environment: Readonly<Record<string, string>> };
  run(...args: readonly string[]): Promise<Ended>;
  remove(): Promise<void>;
}

/** Brings one up. @param secrets values that its operator gives it, by name. */
export async function livingEnvironment(secrets: Readonly<Record<string, string>> = {}): Promise<LivingEnvironment> {
  const folder = await makeFolder();
  // A folder that looks like a kept drill's is removed with all that runs in it.
  const directory = path.join(folder, '.medplum-dr', 'drill-20260101-000000-0000');
  await mkdir(directory, { recursive: true });
  const workspace = await makeWorkspace(directory, null);
  const engine = await findEngine({ onProgress: () => undefined });
  const options = { folder: workspace.project.directory, environment: workspace.engineEnvironment };
  const pulumi = (args: readonly string[], input?: string): Promise<string> =>
    runEngineCommand(engine.command.command, [...args, '--stack', REHEARSAL_ENVIRONMENT], {
      directory: workspace.project.directory,
      environment: workspace.engineEnvironment,
      ...(input === undefined ? {} : { input }),
    });
  await pulumi(['stack', 'init']);
  for (const [name, value] of Object.entries(secrets)) {
    await pulumi(['config', 'set', '--secret', '--path', `medplum-dr:secrets.${name}`], value);
  }
  const signal = new AbortController().signal;
  const primary = await bringUpPrimary(workspace, { engine, signal, narrator: narratorOf(() => undefined) });
  await loadResources({ api: primary.api, count: 300, seed: 1, signal });
  await backUp(workspace, primary);
  return {
    folder,
    workspace,
    primary,
    config: await configOf(workspace),
    options,
    run: (...args) => medplumDr(args, options),
    remove: () => removeFolder(folder),
  };
}
