import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OperatorError } from '../../components/errors';
import { openOwnProject, stackFile, writeMissingSettings } from '../stacks/project';
import type { Found, Missing, Proposed } from './finding';

export interface Initialised {
  readonly environment: string;
  /** The project's settings, and the config to be looked through. */
  readonly files: readonly string[];
  /** Values of the config that were read from what is there, by their keys. */
  readonly found: readonly Keyed<Found<unknown>>[];
  /** Values that were chosen, for the operator to look at. */
  readonly proposed: readonly Keyed<Proposed<unknown>>[];
  /** What could not be found and has to be filled in. */
  readonly missing: readonly Keyed<Missing>[];
  /** What else was seen that matters to a recovery. */
  readonly notes: readonly string[];
}
export type Keyed<Finding> = Finding & { readonly key: string };

/** @throws OperatorError when the name does not do, or the environment has a config already. */
export async function expectNewName(directory: string, environment: string): Promise<void> {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(environment)) {
    throw new OperatorError('bad-input', `"${environment}" does not do as the name of an environment.`, {
      hint: 'Use lower-case letters, digits and dashes.',
    });
  }
  const file = configFile(directory, environment);
  const isThere = await access(file).then(
    () => true,
    (error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return false;
      }
      throw error;
    }
  );
  if (isThere) {
    throw refusal(environment, file);
  }
}

/**
 * Writes the config of a new environment, and the project's settings where there are none. Nothing is written over.
 * @throws OperatorError when the environment has a config already.
 */
export async function writeNewConfig(directory: string, environment: string, text: string): Promise<readonly string[]> {
  const file = configFile(directory, environment);
  await mkdir(path.dirname(file), { recursive: true });
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? refusal(environment, file, error) : error;
  }
  const project = await openOwnProject(directory);
  await writeMissingSettings(project);
  return [path.join(project.directory, 'Pulumi.yaml'), stackFile(project, environment)];
}

function configFile(directory: string, environment: string): string {
  return path.join(directory, 'stacks', `Pulumi.${environment}.yaml`);
}

function refusal(environment: string, file: string, cause?: unknown): OperatorError {
  return new OperatorError('bad-input', `Environment "${environment}" has a config already: ${file}.`, {
    hint: 'Choose another name, or edit that file.',
    cause,
  });
}
