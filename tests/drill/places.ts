import { Resolver } from 'node:dns/promises';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { REHEARSAL_ENVIRONMENT, type RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { openProject, readStackConfig } from '../../automation/stacks/project';
import { localSchema, type LocalConfig } from '../../components/local/config';
import { readSecrets, secretsKey } from '../../components/local/secrets-store/store';
import { ApiClient } from '../../medplum/api-client';

/** The workspace of a drill that was kept. */
export async function workspaceIn(directory: string): Promise<RehearsalWorkspace> {
  const outside = path.join(directory, 'outside');
  return {
    directory,
    project: await openProject(path.join(directory, 'project')),
    sites: { primary: path.join(directory, 'site-a'), recovery: path.join(directory, 'site-b') },
    outside,
    engineEnvironment: {
      PULUMI_BACKEND_URL: `file://${path.join(outside, 'state')}`,
      PULUMI_CONFIG_PASSPHRASE_FILE: path.join(outside, 'keys', 'passphrase'),
    },
  };
}

export async function configOf(workspace: RehearsalWorkspace): Promise<LocalConfig> {
  return localSchema.parse(await readStackConfig(workspace.project, REHEARSAL_ENVIRONMENT));
}

/** What clients get for the environment's name. */
export async function resolved({ traffic: { dns, name } }: LocalConfig): Promise<string[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([`${dns.address}:${dns.port}`]);
  return resolver.resolve4(name);
}

export async function secretsOf(workspace: RehearsalWorkspace, live: string): Promise<Map<string, string>> {
  const key = await secretsKey(path.join(workspace.outside, 'keys', 'secrets.key'));
  return readSecrets(path.join(live, 'secrets', 'store.json'), key);
}

/** The API as an ordinary client of the environment reaches it: by name, wherever that leads. */
export async function apiByName(config: LocalConfig, secrets: ReadonlyMap<string, string>): Promise<ApiClient> {
  const [address = ''] = await resolved(config);
  return new ApiClient({
    endpoint: { address, port: config.traffic.port },
    baseUrl: config.application.baseUrl,
    timeoutMs: 10_000,
    credentials: {
      clientId: secrets.get('verificationClientId') ?? '',
      clientSecret: secrets.get('verificationClientSecret') ?? '',
    },
  });
}

/** The secrets themselves, and the database and its copies, which hold what Medplum keeps in its tables. */
const MAY_HOLD_SECRETS = /(^|\/)(keys|database|base|wal|pgdata)(\/|$)/;

/** Files below the folder, of those in which nobody is to find a secret, that hold one of the texts. */
export async function filesHolding(folder: string, texts: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !MAY_HOLD_SECRETS.test(path.relative(folder, file)));
  const found: string[] = [];
  for (const file of files) {
    // Processes are at work in the folder: a file may be gone.
    const content = await readFile(file).catch(() => Buffer.alloc(0));
    if (texts.some((text) => content.includes(text))) {
      found.push(file);
    }
  }
  return found;
}
