import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError } from '../components/errors';
import { packageRoot } from '../components/package-root';
import { openOwnProject, stackFile, writeMissingSettings } from './stacks/project';

/** The example that is written, and the name it has there. */
const EXAMPLE = 'local-primary';

export interface Initialised {
  readonly environment: string;
  /** The config to be looked through, and the project's settings. */
  readonly files: readonly string[];
}

/** Writes the commented local example under the environment's name. @throws OperatorError when it is there already. */
export async function initLocal(directory: string, environment: string): Promise<Initialised> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(environment)) {
    throw new OperatorError('bad-input', `"${environment}" does not do as the name of an environment.`, {
      hint: 'Use lower-case letters, digits and dashes.',
    });
  }
  const example = await readFile(path.join(packageRoot(), 'stacks', `Pulumi.${EXAMPLE}.yaml`), 'utf8');
  const file = path.join(directory, 'stacks', `Pulumi.${environment}.yaml`);
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await writeFile(file, example.replaceAll(EXAMPLE, environment), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw error;
    }
    throw new OperatorError('bad-input', `Environment "${environment}" has a config already: ${file}.`, {
      hint: 'Choose another name, or edit that file.',
      cause: error,
    });
  }
  const project = await openOwnProject(directory);
  await writeMissingSettings(project);
  return { environment, files: [path.join(project.directory, 'Pulumi.yaml'), stackFile(project, environment)] };
}
