import { z } from 'zod';
import { awsSchema } from '../../../components/aws/config';
import { OperatorError } from '../../../components/errors';
import { documentOf, keyed } from '../document';
import { expectNewName, writeNewConfig, type Initialised } from '../new-config';
import { configOf } from './config';
import { discover, type AwsPlace } from './discover';
import type { AskForJson } from './version';

export type { AwsPlace } from './discover';

/**
 * Writes the config of an environment that runs on AWS already, from what Medplum's own configuration leads to. Only
 * reads in the account. What could not be found is in the result, and in the file as commented lines.
 * @throws OperatorError for bad input, without credentials, and when Medplum's configuration itself cannot be read.
 */
export async function initAws(
  directory: string,
  environment: string,
  place: AwsPlace,
  askForJson: AskForJson = fetchJson
): Promise<Initialised> {
  expectPlace(environment, place);
  await expectNewName(directory, environment);
  const discovery = await discover(place, askForJson);
  const config = configOf(environment, place, discovery);
  const text = documentOf(config, headOf(place, discovery.notes));
  const files = await writeNewConfig(directory, environment, text);
  return { environment, files, ...keyed(config), notes: discovery.notes };
}

const placeSchema = z.object({
  environment: awsSchema.shape.environment,
  region: awsSchema.shape.site.shape.region,
  configPath: awsSchema.shape.site.shape.configPath,
  recoveryRegion: awsSchema.shape.site.shape.region.optional(),
});

function expectPlace(environment: string, place: AwsPlace): void {
  const parsed = placeSchema.safeParse({ environment, ...place });
  const problems = parsed.success
    ? place.region === place.recoveryRegion
      ? ['recoveryRegion: must be another region than the one that may be lost']
      : []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  if (problems.length > 0) {
    throw new OperatorError('bad-input', `init aws cannot look there: ${problems.join('; ')}.`, {
      hint: 'medplum-dr init aws --region eu-west-1 --config-path /medplum/prod/ --recovery-region eu-central-1 <environment>',
      problems,
    });
  }
}

function headOf(place: AwsPlace, notes: readonly string[]): readonly string[] {
  return [
    `An environment that runs in ${place.region}; written by: medplum-dr init aws. It is protected and never rebuilt.`,
    'A comment says where a value was found. Lines that begin with "# not found" have to be filled in below them.',
    'Guide: docs/how-to/protect-an-existing-aws-environment.md',
    ...(notes.length === 0 ? [] : ['', 'Seen on the way:', ...notes.map((note) => `- ${note}`)]),
  ];
}

async function fetchJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  return response.json();
}
