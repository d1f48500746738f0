import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../components/package-root';
import { expectNewName, writeNewConfig, type Initialised } from './new-config';

/** The example that is written, and the name it has there. */
const EXAMPLE = 'local-primary';

/** Writes the commented local example under the environment's name. @throws OperatorError when it is there already. */
export async function initLocal(directory: string, environment: string): Promise<Initialised> {
  await expectNewName(directory, environment);
  const example = await readFile(path.join(packageRoot(), 'stacks', `Pulumi.${EXAMPLE}.yaml`), 'utf8');
  const files = await writeNewConfig(directory, environment, example.replaceAll(EXAMPLE, environment));
  return { environment, files, found: [], proposed: [], missing: [], notes: [] };
}
