import { OperatorError } from '../../../components/errors';
import { found, missing, type Finding, type Found } from '../finding';
import { ask, clientOptions } from './ask';

/** Medplum's own server configuration, by parameter names without the path. */
export interface Parameters {
  readonly get: (name: string) => Finding<string>;
  /** What a server in another region is told as well, in the clear. */
  readonly settings: Readonly<Record<string, Found<string>>>;
  /** Names of what is, or may be, secret. Their values are not taken. */
  readonly secretNames: readonly string[];
}

/** What the program writes by itself for each region, from the rest of the config. */
const OWN =
  /^(baseUrl|port|awsRegion|binaryStorage|botLambdaRoleArn|DatabaseSecrets|RedisSecrets|databaseProxyEndpoint)$/;
/** A secret that was put into a plain parameter is one all the same. */
const SOUNDS_SECRET = /key|secret|pass|token|credential|private/i;
/** As `application.settings` of the config takes them. */
const SETTING = /^[A-Za-z][\w.]*$/;

/** The parameters that lead on; the others (signing keys are among them) are never decrypted. */
const WANTED = ['baseUrl', 'appBaseUrl', 'storageBaseUrl', 'binaryStorage', 'DatabaseSecrets', 'RedisSecrets'];

/**
 * Reads the configuration below a path.
 * @throws OperatorError when it cannot be read, or when there is none: everything else follows from it.
 */
export async function readParameters(region: string, configPath: string): Promise<Parameters> {
  const { SSMClient, paginateGetParametersByPath, GetParametersCommand } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(clientOptions(region));
  const answer = await ask('ssm:GetParametersByPath', async () => {
    const all = [];
    const pages = paginateGetParametersByPath({ client }, { Path: configPath, Recursive: true, WithDecryption: false });
    for await (const page of pages) {
      all.push(...(page.Parameters ?? []));
    }
    return all;
  });
  if ('failed' in answer) {
    throw new OperatorError('bad-input', `Medplum's configuration cannot be read in ${region}: ${answer.failed}.`, {
      hint: answer.failed.startsWith('access')
        ? `Allow these credentials ssm:GetParametersByPath on parameter${configPath}*, and see that they are of the right account.`
        : 'Check --region, and that its endpoints can be reached from this machine.',
    });
  }
  if (answer.value.length === 0) {
    throw new OperatorError('bad-input', `There is no parameter below ${configPath} in ${region}.`, {
      hint: "The path and the region are in the server's command: aws:<region>:<path>. `aws ssm describe-parameters` lists what there is.",
    });
  }
  const values = new Map<string, Finding<string>>();
  const settings: Record<string, Found<string>> = {};
  const secretNames: string[] = [];
  const byName = answer.value.sort((a, b) => (a.Name ?? '').localeCompare(b.Name ?? ''));
  for (const { Name = '', Value = '', Type } of byName) {
    const name = Name.slice(configPath.length);
    if (!OWN.test(name)) {
      if (Type === 'SecureString' || SOUNDS_SECRET.test(name)) {
        secretNames.push(name);
        continue;
      }
      if (SETTING.test(name) && Value !== '') {
        settings[name] = { status: 'found', value: Value, from: `parameter ${Name}` };
      }
    }
    if (Type !== 'SecureString') {
      values.set(name, found(Value, `parameter ${Name}`));
    } else if (WANTED.includes(name)) {
      values.set(name, await decrypted(Name));
    }
  }
  return {
    settings,
    secretNames,
    get: (name) =>
      values.get(name) ??
      missing(`there is no parameter ${configPath}${name}`, `Look it up in the server's configuration.`),
  };

  async function decrypted(name: string): Promise<Finding<string>> {
    const one = await ask('ssm:GetParameters (with kms:Decrypt)', () =>
      client.send(new GetParametersCommand({ Names: [name], WithDecryption: true }))
    );
    const value = 'failed' in one ? undefined : one.value.Parameters?.[0]?.Value;
    return value === undefined
      ? missing('failed' in one ? one.failed : `parameter ${name} has no value`, `aws ssm get-parameter --name ${name}`)
      : found(value, `parameter ${name}`);
  }
}
