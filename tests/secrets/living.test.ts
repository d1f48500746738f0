import { expect } from 'chai';
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { destroySite } from '../../automation/rehearsal/destroy-site';
import { REHEARSAL_ENVIRONMENT as NAME, replicaIn } from '../../automation/rehearsal/workspace';
import { readStackConfig, stackFile, stackNames, writeStackConfig } from '../../automation/stacks/project';
import { replicatedStoreIn } from '../../components/local/secrets';
import { until } from '../../components/local/process/daemon';
import { secretsKey, writeSecrets } from '../../components/local/secrets-store/store';
import { Command, type Ended } from '../drill/command-line';
import { livingEnvironment, type LivingEnvironment } from '../drill/living-environment';
import { secretsOf } from '../drill/places';
import { EXCEPTIONS, exceptionOf, OPERATOR_VARIABLES } from './exceptions';
import { SecretSearch, type Secret } from './search';
import { environmentSecrets, Watched } from './watched';

const OPERATOR_SECRETS = {
  smtpPassword: 'planted-by-the-operator-7Hq2',
  /** Of letters that are written otherwise in JSON, in URLs and in HTML. */
  oddToken: 'planted "odd\\token" <of> & +/% é-5Tn8',
};
const WRONG = 'planted-wrong-verification-secret-Xc64';

const tokenSchema = z.object({ access_token: z.string().regex(/^eyJ/) });

/*
 * One environment lives through every command, good and bad; after each, all that it left is searched. The engine runs
 * as the driver runs it: what `pulumi` by hand shows is the engine's own.
 */
describe('secrets of an environment, through all commands', function () {
  this.timeout(400_000);
  let living: LivingEnvironment;
  let watched: Watched;
  let secrets: Secret[];
  let search: SecretSearch;

  before(async () => {
    living = await livingEnvironment(OPERATOR_SECRETS);
    watched = new Watched(living.folder);
    const { workspace, config, primary } = living;
    const { access_token: accessToken } = tokenSchema.parse(
      await (
        await fetch(`http://${config.site.address}:${config.traffic.port}/oauth2/token`, {
          method: 'POST',
          body: new URLSearchParams({
            grant_type: 'client_credentials',
            client_id: primary.credentials.clientId,
            client_secret: primary.credentials.clientSecret,
          }),
        })
      ).json()
    );
    secrets = [
      ...(await environmentSecrets(workspace, path.join(workspace.sites.primary, NAME))),
      ...Object.entries(OPERATOR_VARIABLES).map(([name, value]) => ({ name, value })),
      { name: 'wrongVerificationSecret', value: WRONG },
      { name: 'accessToken', value: accessToken },
    ];
    search = new SecretSearch(secrets);
    const { application } = await readStackConfig(workspace.project, NAME);
    await writeStackConfig(workspace.project, NAME, {
      application: { ...(application as object), secretEnvironment: { ODD_TOKEN: 'oddToken' } },
    });
    const answer = await fetch(`http://${config.site.address}:${config.traffic.port}/fhir/R4/Patient?_count=1`, {
      headers: { authorization: `Bearer ${accessToken}` },
    });
    expect(answer.status).to.equal(200);
  });
  after(() => living.remove());

  async function run(exitCode: number, ...args: readonly string[]): Promise<Ended> {
    const ended = await watched.run(args, living.options);
    await watched.searchFiles(search);
    expect(ended.exitCode, `${args.join(' ')}: ${ended.stderr}`).to.equal(exitCode);
    return ended;
  }

  const idIn = ({ stdout, stderr }: Pick<Ended, 'stdout' | 'stderr'>): string =>
    /\d{8}-\d{6}-[0-9a-f]{4}/.exec(stderr.replaceAll(living.workspace.directory, '') + stdout)?.[0] ?? '';

  it('are as many as there should be, each long enough to be told apart', () => {
    expect(secrets.map(({ name }) => name)).to.include.members([
      ...['databasePassword', 'cachePassword', 'superAdminClientSecret', 'verificationClientSecret', 'passphrase'],
      ...Object.keys(OPERATOR_SECRETS),
    ]);
    expect(secrets.filter(({ value }) => value.length < 20)).to.deep.equal([]);
  });

  it('stay so while it is looked at, and while commands are refused', async () => {
    await run(0, 'status', NAME);
    await run(0, 'status', NAME, '--json');
    await run(0, 'plan', NAME);
    await run(0, 'plan', NAME, '--json');
    await run(0, 'recovery-points', NAME);
    await run(2, 'recover', 'rehersal');
    await run(2, 'drill', NAME, '--recovery-point', 'nothing-like-it', '--json');
  });

  it('stay so through a drill that is killed, one that is locked out, and the resumption', async () => {
    const { options, workspace } = living;
    const environment = { ...options.environment, ...(await watched.environment()) };
    const killed = new Command(['drill', NAME], { ...options, environment });
    let id = '';
    try {
      const begun = async (): Promise<boolean> => {
        id = idIn({ stdout: '', stderr: killed.stderr });
        return await access(path.join(workspace.sites.recovery, `${NAME}-${id}`, 'database')).then(
          () => id !== '',
          () => false
        );
      };
      await until(async () => !killed.running || (await begun()), 90_000);
      expect(await begun(), killed.stderr).to.equal(true);
      await run(7, 'recover', NAME, '--json');
    } finally {
      await killed.kill();
    }
    watched.take(await killed.end());
    await watched.searchFiles(search);

    await run(0, 'resume', id, '--json');
  });

  it('stay so when the engine fails, through the abort, and when verification fails', async () => {
    const { workspace } = living;
    const { application } = await readStackConfig(workspace.project, NAME);
    await writeStackConfig(workspace.project, NAME, {
      application: { ...(application as object), command: ['/bin/sh', '-c', 'echo "cannot start" >&2; exit 1'] },
    });
    const engineFailed = await run(4, 'switchover', NAME);
    await writeStackConfig(workspace.project, NAME, { application });
    expect(engineFailed.stderr).to.include('cannot start');
    await run(0, 'abort', idIn(engineFailed));

    const store = replicatedStoreIn(replicaIn(workspace));
    const sound = await readFile(store);
    const key = await secretsKey(path.join(workspace.outside, 'keys', 'secrets.key'));
    const stored = await secretsOf(workspace, path.join(workspace.sites.primary, NAME));
    await writeSecrets([store], key, new Map([...stored, ['verificationClientSecret', WRONG]]));
    const unverified = await run(4, 'drill', NAME, '--json');
    await writeFile(store, sound);
    expect(JSON.parse(unverified.stdout)).to.have.nested.property('failure.step', 'health');
  });

  it('stay so through a switchover, the failback, and the rollback of that', async () => {
    await run(0, 'switchover', NAME, '--json');
    const back = await run(0, 'failback', NAME);
    await run(0, 'rollback', idIn(back), '--json');
  });

  it('stay so through a recovery from the loss of the site, and the protection after it', async () => {
    const { sites } = living.workspace;
    await destroySite(sites.recovery);
    await run(0, 'recover', NAME);
    await run(0, 'protect', NAME, '--json');
    await run(0, 'status', NAME);
  });

  it('are in no output', () => {
    expect(watched.inOutputs(search)).to.deep.equal([]);
  });

  it('are in no file: state, journal, lock, reports, logs, config, temporary files', () => {
    const { files } = watched;
    for (const place of [
      /outside\/state\/\.pulumi\/stacks\/medplum-dr\/\S+\.json$/,
      /outside\/state\/\.pulumi\/history\/.*\.json$/,
      /outside\/recoveries\/.*\/000001\.json$/,
      /outside\/locks\/rehearsal\//,
      /outside\/monitoring\//,
      /reports\/.*\/report\.json$/,
      /reports\/.*\/report\.html$/,
      /site-a\/rehearsal\/logs\/application\.log$/,
      /site-b\/rehearsal-\S+\/logs\/application\.log$/,
      /logs\/(backup-agent|load-balancer|postgresql|redis)\.log$/,
      /outside\/logs\//,
      /secrets\/store\.json$/,
      /replica\/\S+\/secrets\.json$/,
      /project\/stacks\/Pulumi\.rehearsal\.yaml$/,
    ]) {
      expect(
        files.some((file) => place.test(file)),
        `${place.source} was looked into`
      ).to.equal(true);
    }
    expect(watched.found).to.deep.equal([]);
  });

  it('are in the config in their sealed form only', async () => {
    const { project } = living.workspace;
    const front: unknown = parse(await readFile(stackFile(project, NAME), 'utf8'));
    const sealed = z.object({
      config: z.object({ 'medplum-dr:secrets': z.record(z.string(), z.strictObject({ secure: z.string() })) }),
    });
    expect(Object.keys(sealed.parse(front).config['medplum-dr:secrets'])).to.have.members(
      Object.keys(OPERATOR_SECRETS)
    );
    for (const stack of (await stackNames(project)).filter((name) => name !== NAME)) {
      expect(await readStackConfig(project, stack), stack).to.not.have.property('secrets');
    }
  });

  it('are in databases and their copies only as far as Medplum keeps them in its tables', async () => {
    const medplums = ['verificationClientSecret', 'superAdminClientSecret', 'accessToken'];
    const { found, files } = await watched.inDatabases(secrets.filter(({ name }) => !medplums.includes(name)));

    expect(found).to.deep.equal([]);
    for (const place of [/site-a\/rehearsal-\S+\/database\/base\//, /replica\/\S+\/base\//, /replica\/\S+\/wal\//]) {
      expect(files.some((file) => place.test(file))).to.equal(true);
    }
  });

  it('are in no process’s arguments', () => {
    expect(watched.inArguments(search)).to.deep.equal([]);
    for (const program of [/pulumi\0up/, /pulumi\0destroy/, /stand-in\/main\.js/, /backup-agent\.js/, /redis-server/]) {
      expect(watched.sawRunning(program), program.source).to.equal(true);
    }
  });

  it('are in the environment of those alone that need them', () => {
    expect(watched.inEnvironments(search)).to.deep.equal([]);
    // They were seen with what they need, so that the others were seen without.
    const holders = new Map(EXCEPTIONS.map(({ who }) => [who, new Set<string>()]));
    for (const seen of watched.processes) {
      const who = exceptionOf(seen)?.who ?? '';
      search.in(seen.environment).forEach((name) => holders.get(who)?.add(name));
    }
    expect([...(holders.get('application') ?? [])]).to.have.members([
      ...['databasePassword', 'cachePassword', 'superAdminClientSecret', 'oddToken'],
    ]);
    expect([...(holders.get('backup agent') ?? [])]).to.deep.equal(['databasePassword']);
    expect([...(holders.get('redis') ?? [])]).to.deep.equal(['cachePassword']);
    expect([...(holders.get('driver') ?? [])]).to.have.members(Object.keys(OPERATOR_VARIABLES));
    for (const program of [
      /load-balancer\/main\.js/,
      /dns\/server\.js/,
      /watcher\/main\.js/,
      /replication\/main\.js/,
    ]) {
      const seen = watched.processes.filter(({ commandLine }) => program.test(commandLine));
      expect(seen.length, program.source).to.be.greaterThan(0);
    }
    expect(watched.processes.filter(({ commandLine }) => /bin\/postgres\0/.test(commandLine))).to.not.deep.equal([]);
  });
});
