import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { z } from 'zod';
import { resourceSchema, type Resource } from '../../../medplum/resources';

/** Where the build packs the examples: the npm package is 191 MB, what a drill takes of it 0.6 MB. */
export const PACKED_EXAMPLES = path.join(__dirname, 'examples.json.gz');

const PACKAGE = 'hl7.fhir.r4.examples';
const LARGEST_CHARACTERS = 100_000;

/*
 * What is left out: definitions of FHIR itself, which a Medplum has already; bundles; and Subscriptions, as a real
 * server would start to call the addresses in them.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'Bundle',
  'CapabilityStatement',
  'CodeSystem',
  'CompartmentDefinition',
  'ConceptMap',
  'GraphDefinition',
  'ImplementationGuide',
  'MessageDefinition',
  'NamingSystem',
  'OperationDefinition',
  'OperationOutcome',
  'Parameters',
  'SearchParameter',
  'StructureDefinition',
  'StructureMap',
  'Subscription',
  'TerminologyCapabilities',
  'TestReport',
  'TestScript',
  'ValueSet',
  'ig',
  'package',
]);

/**
 * HL7's published examples of FHIR R4 (CC0), as the npm package `hl7.fhir.r4.examples` has them, sorted by file name.
 * @returns null where they are neither packed with this build nor installed.
 */
export async function readExamples(): Promise<Resource[] | null> {
  const packed = await readFile(PACKED_EXAMPLES).catch(nullWhenMissing);
  if (packed !== null) {
    const text = (await promisify(gunzip)(packed)).toString();
    return z.array(resourceSchema).parse(JSON.parse(text));
  }
  return readInstalledExamples();
}

/** Reads the examples from the npm package; null where it is not installed. */
export async function readInstalledExamples(): Promise<Resource[] | null> {
  const folder = packageFolder();
  return folder === null ? null : await readPackage(folder);
}

async function readPackage(folder: string): Promise<Resource[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json') && !LEFT_OUT.has(typeInName(name)));
  const resources: Resource[] = [];
  for (const name of names.sort()) {
    const text = await readFile(path.join(folder, name), 'utf8');
    const resource = resourceSchema.parse(JSON.parse(text));
    if (JSON.stringify(resource).length <= LARGEST_CHARACTERS || resource.resourceType === 'Binary') {
      resources.push(resource);
    }
  }
  return resources;
}

/** The resource type in a name such as `Patient-example.json`, without reading the file. */
function typeInName(name: string): string {
  return name.split(/[-.]/, 1)[0] ?? name;
}

function packageFolder(): string | null {
  try {
    return path.dirname(require.resolve(`${PACKAGE}/package.json`));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') {
      return null;
    }
    throw error;
  }
}

function nullWhenMissing(error: unknown): null {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return null;
  }
  throw error;
}
