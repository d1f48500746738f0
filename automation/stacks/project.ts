import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isMap, parse, parseDocument, stringify, type Document } from 'yaml';
import { z } from 'zod';
import { readIfThere } from '../../components/read-if-there';
import { closest } from '../../components/config';
import { OperatorError } from '../../components/errors';
import type { PlatformEnvironment } from '../../components/platform';
import { packageRoot } from '../../components/package-root';
import { CONFIG_NAMESPACE, loadEnvironment } from '../../components/program';

const projectSchema = z.looseObject({ name: z.string(), stackConfigDir: z.string().optional() });
const stackFileSchema = z.looseObject({ config: z.record(z.string(), z.unknown()).default({}) });

/** A folder with a `Pulumi.yaml` of this program and its stacks' config. */
export interface Project {
  readonly directory: string;
  readonly name: string;
  readonly stackConfigDirectory: string;
}

/** @throws OperatorError when the folder has no `Pulumi.yaml`. */
export async function openProject(directory: string): Promise<Project> {
  const file = path.join(directory, 'Pulumi.yaml');
  const text = await readIfThere(file);
  if (text === null) {
    throw new OperatorError('bad-input', `${directory} has no Pulumi.yaml.`, {
      hint: 'Run this in the folder of your medplum-dr project, or name it with --project.',
    });
  }
  return projectOf(directory, parse(text));
}

function projectOf(directory: string, text: unknown): Project {
  const settings = projectSchema.parse(text);
  return {
    directory: path.resolve(directory),
    name: settings.name,
    stackConfigDirectory: path.resolve(directory, settings.stackConfigDir ?? '.'),
  };
}

/** Opens a project; a folder that has stacks and no `Pulumi.yaml` is one too, with the settings of this package. */
export async function openOwnProject(directory: string): Promise<Project> {
  const isBare =
    (await readIfThere(path.join(directory, 'Pulumi.yaml'))) === null &&
    (await hasStacks(path.join(directory, 'stacks')));
  return isBare ? projectOf(directory, projectSettings(path.resolve(directory))) : openProject(directory);
}

/** The program of a project: the engine's language host runs it in its own folder, which relative paths start at. */
const PROGRAM = 'medplum-dr.js';

/**
 * Writes the `Pulumi.yaml` of a project that has none, and a program that runs this package's own, so that the driver
 * and `pulumi up` use the same.
 */
export async function writeMissingSettings({ directory }: Pick<Project, 'directory'>): Promise<void> {
  const file = path.join(directory, 'Pulumi.yaml');
  if ((await readIfThere(file)) === null) {
    const own = within(directory, path.join(packageRoot(), 'dist', 'index.js'));
    const text = `// What pulumi runs: the program of medplum-dr, on the stacks of this folder.\nmodule.exports = require('${own}');\n`;
    await replaceFile(path.join(directory, PROGRAM), text);
    await replaceFile(file, stringify(projectSettings(directory)));
  }
}

/** Project settings that run this package's program from wherever it is installed. */
function projectSettings(directory: string): Record<string, unknown> {
  return {
    name: 'medplum-dr',
    runtime: 'nodejs',
    main: PROGRAM,
    stackConfigDir: 'stacks',
    plugins: { providers: [{ name: 'medplum-local', path: within(directory, path.join(packageRoot(), 'plugin')) }] },
  };
}

/** A path that stays true when the project is moved together with its `node_modules`. */
function within(directory: string, target: string): string {
  const relative = path.relative(directory, target);
  return relative.startsWith('..') ? target : `./${relative}`;
}

async function hasStacks(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).some((file) => /^Pulumi\..+\.yaml$/.test(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return false;
    }
    throw error;
  }
}

export function stackFile(project: Project, stack: string): string {
  return path.join(project.stackConfigDirectory, `Pulumi.${stack}.yaml`);
}

/** Names of the stacks that have a config file. */
export async function stackNames(project: Project): Promise<string[]> {
  const files = await readdir(project.stackConfigDirectory);
  return files.flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []).sort();
}

/**
 * The config of a stack as it is written, keys without the namespace; secrets stay sealed as `{secure}`.
 * @throws OperatorError when there is no such stack; it lists those there are.
 */
export async function readStackConfig(project: Project, stack: string): Promise<Record<string, unknown>> {
  const text = await readIfThere(stackFile(project, stack));
  if (text === null) {
    const names = await stackNames(project);
    const meant = closest(stack, names);
    throw new OperatorError(
      'bad-input',
      `Environment "${stack}" is unknown: ${stackFile(project, stack)} does not exist.${meant === undefined ? '' : ` Did you mean "${meant}"?`}`,
      { hint: `There are: ${names.join(', ') || '(none)'}.` }
    );
  }
  const prefix = `${CONFIG_NAMESPACE}:`;
  const { config } = stackFileSchema.parse(parse(text) ?? {});
  const own = Object.entries(config).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(prefix.length), value]));
}

/** @throws OperatorError naming every problem of the stack's config. */
export async function openEnvironment(project: Project, stack: string): Promise<PlatformEnvironment> {
  const values = await readStackConfig(project, stack);
  return loadEnvironment(values, { projectDirectory: project.directory, stack });
}

/** Sets keys of a stack's config, keeping comments and everything else in the file; makes the file if need be. */
export async function writeStackConfig(
  project: Project,
  stack: string,
  values: Record<string, unknown>,
  comment?: string
): Promise<void> {
  const file = stackFile(project, stack);
  const document = parseDocument((await readIfThere(file)) ?? '');
  if (!isMap(document.contents)) {
    document.contents = parseDocument('{}').contents;
    document.commentBefore = comment ?? null;
  }
  for (const [key, value] of Object.entries(values)) {
    document.setIn(['config', `${CONFIG_NAMESPACE}:${key}`], value);
  }
  await replaceFile(file, textOf(document));
}

/** Removes a stack's config file, if it is there. */
export async function removeStackFile(project: Project, stack: string): Promise<void> {
  await rm(stackFile(project, stack), { force: true });
}

/** Takes a key out of a stack's config. */
export async function removeStackConfig(project: Project, stack: string, key: string): Promise<void> {
  const file = stackFile(project, stack);
  const document = parseDocument(await readFile(file, 'utf8'));
  document.deleteIn(['config', `${CONFIG_NAMESPACE}:${key}`]);
  await replaceFile(file, textOf(document));
}

/** New strings are quoted: the engine's YAML reader would take a bare instant for a timestamp and write it otherwise. */
function textOf(document: Document.Parsed): string {
  return document.toString({ lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
}

async function replaceFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.partial`, text);
  await rename(`${file}.partial`, file);
}
