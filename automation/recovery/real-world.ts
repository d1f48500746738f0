import type { PlatformEnvironment } from '../../components/platform';
import { openControlStore } from '../control/open-store';
import { thisDriver } from '../control/process-space';
import type { ControlStore } from '../control/store';
import { writeReport } from '../report/write';
import type { Project } from '../stacks/project';
import { configFiles } from '../stacks/stack-configs';
import type { StackEngine } from '../stacks/stack-engine';
import { medplumVerification } from '../verification/site';
import { realClock } from './clock';
import type { World } from './world';

/** Where an environment's journals and locks lie: what `control` in its config names, else the platform's folder. */
export function controlStoreOf(project: Project, environment: PlatformEnvironment): Promise<ControlStore> {
  return openControlStore(environment.config.control ?? environment.controlDirectory, project.directory);
}

/** The real engine, config files, clock and Medplum. */
export async function realWorld(
  project: Project,
  environment: PlatformEnvironment,
  engine: StackEngine
): Promise<World> {
  return {
    clock: realClock,
    random: Math.random,
    store: await controlStoreOf(project, environment),
    engine,
    configs: configFiles(project),
    verification: medplumVerification,
    process: thisDriver(),
    writeReport,
  };
}
