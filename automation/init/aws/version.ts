import { found, missing, type Finding } from '../finding';

/** Asks a URL for JSON; injected, as a test has no public address. */
export type AskForJson = (url: string) => Promise<unknown>;

/** `version` in the answer of Medplum's health check: a release, a dash and a commit (seen on Medplum 4.5.2 and 5.0.10). */
const HEALTH_VERSION = /^(\d+\.\d+\.\d+)(-|$)/;

/** The version that runs: what the server says, else the image's tag where that is a version. */
export async function findVersion(
  baseUrl: Finding<string>,
  image: Finding<string>,
  askForJson: AskForJson
): Promise<Finding<string>> {
  const said = baseUrl.status === 'missing' ? null : await versionOf(`${baseUrl.value}healthcheck`, askForJson);
  if (said !== null) {
    return found(said, 'baseUrl → healthcheck → version');
  }
  const tag = image.status === 'missing' ? undefined : /:(\d+\.\d+\.\d+)(?:@sha256:[0-9a-f]+)?$/.exec(image.value)?.[1];
  return tag === undefined
    ? missing(
        'the health check gave no version, and the tag of the image is none',
        'Its first part, up to the dash: curl <baseUrl>healthcheck',
        '<5.0.10>'
      )
    : found(tag, 'DescribeTaskDefinition → tag of the image (the health check gave no version)');
}

async function versionOf(url: string, askForJson: AskForJson): Promise<string | null> {
  if (!URL.canParse(url)) {
    return null;
  }
  let answer: unknown;
  try {
    answer = await askForJson(url);
  } catch {
    // A server that cannot be reached from here, whatever the reason, is no fault: there is the image's tag.
    return null;
  }
  const version = typeof answer === 'object' && answer !== null && 'version' in answer ? answer.version : undefined;
  return typeof version === 'string' ? (HEALTH_VERSION.exec(version)?.[1] ?? null) : null;
}
