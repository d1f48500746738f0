import { findEngine } from '../engine';
import type { Emit } from '../events';
import { backUp } from './back-up';
import { loadResources } from './data/load';
import { bringUpPrimary, type RehearsalPrimary } from './environment';
import { narratorOf } from './narrator';
import type { RehearsalWorkspace } from './workspace';

export interface Preparation {
  readonly workspace: RehearsalWorkspace;
  readonly resources: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly emit: Emit;
}

/** The primary up, filled, and with a base backup that has all of it. */
export async function prepare({ workspace, resources, seed, signal, emit }: Preparation): Promise<RehearsalPrimary> {
  const narrator = narratorOf(emit);
  const { note, activity, progress } = narrator;
  const engine = await findEngine({ onProgress: note, signal });
  activity(`Bringing up the primary site in ${workspace.directory}`);
  const primary = await bringUpPrimary(workspace, { engine, signal, narrator });
  if (primary.environment.isStandIn) {
    note('The application is the stand-in of this package, not a Medplum server');
  }
  activity(`Filling it with ${resources} FHIR resources through its API`);
  const loaded = await loadResources({
    api: primary.api,
    count: resources,
    seed,
    signal,
    onProgress: (done) => {
      progress(`resource ${done.loaded} of ${done.total}`);
    },
  });
  const rate = Math.round(loaded.total / loaded.seconds);
  note(
    `${loaded.total} resources of ${Object.keys(loaded.created).length} types loaded in ${loaded.seconds.toFixed(1)} s (${rate}/s)`
  );
  activity('Taking a base backup');
  note(`Base backup ${await backUp(workspace, primary)} taken and verified`);
  return primary;
}
