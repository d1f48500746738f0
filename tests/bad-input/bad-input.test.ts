import { expect } from 'chai';
import { startNameServer, type NameServer } from '../rehearsal/name-server';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { main } from '../../automation/cli';
import { makeWorkspace, REHEARSAL_ENVIRONMENT, type RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { findEngine } from '../../automation/engine';
import { readStackConfig, stackFile, writeStackConfig } from '../../automation/stacks/project';
import { EngineSession } from '../../automation/stacks/session';
import { replicatedStoreIn } from '../../components/local/secrets';
import { secretsKey, writeSecrets } from '../../components/local/secrets-store/store';
import { stop } from '../../components/local/postgresql/server';
import { captured } from '../automation/captured';
import { startDatabase, type DatabaseFixture } from '../local/postgresql/database-fixture';

interface Place {
  readonly address: string;
  readonly ports: { readonly database: number; readonly application: number };
}

/** What both documents have, that of a failed run and that of an error before it. */
interface Told {
  readonly code: number;
  readonly text: string;
}

/*
 * On a sound environment, as far as a recovery looks before it acts: its project, a replica with a base backup and a
 * restore point, the replicated secrets, the state backend. Each test spoils one thing.
 */
describe('bad input', () => {
  let directory: string;
  let workspace: RehearsalWorkspace;
  let database: DatabaseFixture;
  let startedDatabase: DatabaseFixture | undefined;
  let site: Place;
  let values: Record<string, unknown>;
  let mark: string;
  let nameServer: NameServer;
  let sound: string;
  const variables = { ...process.env };

  before(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-bad-input-'));
    workspace = await makeWorkspace(directory, null);
    database = startedDatabase = await startDatabase();
    await database.backUp();
    mark = (await database.mark()).id;
    await stop({ dataDirectory: database.dataDirectory, mode: 'fast' });
    const key = await secretsKey(path.join(workspace.outside, 'keys', 'secrets.key'));
    await writeSecrets([replicatedStoreIn(database.replica)], key, new Map([['databasePassword', 'unused']]));
    values = await readStackConfig(workspace.project, REHEARSAL_ENVIRONMENT);
    site = values['recoverySite'] as Place;
    values['recoverySite'] = { ...site, folder: database.folder };
    nameServer = await startNameServer((values['site'] as Place).address, 1);
    const { address, port } = nameServer;
    values['traffic'] = { ...(values['traffic'] as object), dns: { address, port } };
    await writeStackConfig(workspace.project, REHEARSAL_ENVIRONMENT, values);
    sound = await readFile(stackFile(workspace.project, REHEARSAL_ENVIRONMENT), 'utf8');
    Object.assign(process.env, workspace.engineEnvironment);
    // The engine makes its own files in a state backend that is new.
    const engine = await findEngine({ onProgress: () => undefined });
    await new EngineSession(engine, workspace.project, workspace.engineEnvironment).checkBackend();
  });
  after(async () => {
    process.env = variables;
    await startedDatabase?.remove();
    await nameServer.close();
    await rm(directory, { recursive: true });
  });
  afterEach(() => writeFile(stackFile(workspace.project, REHEARSAL_ENVIRONMENT), sound));

  async function listing(): Promise<string[]> {
    const folders = [directory, database.folder];
    const found = await Promise.all(folders.map((folder) => readdir(folder, { recursive: true })));
    return found.flat().sort();
  }

  /** Runs the command twice, in words and as JSON, and holds it to both and to having made nothing. */
  async function refused(...args: string[]): Promise<Told> {
    const listed = await listing();
    const project = ['--project', workspace.project.directory];
    const words = await captured(() => main([...args, ...project]));
    const json = await captured(() => main([...args, ...project, '--json']));
    const document = JSON.parse(json.stdout) as {
      error?: { message: string; problems: string[]; hint: string };
      failure?: { message: string; hint: string };
    };
    const { error, failure } = document;
    const told =
      error === undefined ? [failure?.message, failure?.hint] : [error.message, ...error.problems, error.hint];
    expect(words.value).to.equal(json.value);
    expect(words.stderr).to.include(told.at(-1));
    expect(await listing()).to.deep.equal(listed);
    return { code: json.value, text: told.join('\n') };
  }

  const recover = (...args: string[]): Promise<Told> => refused('recover', REHEARSAL_ENVIRONMENT, ...args);
  const recoverWith = async (changes: Record<string, unknown>): Promise<Told> => {
    await writeStackConfig(workspace.project, REHEARSAL_ENVIRONMENT, changes);
    return recover();
  };

  it('is not what the environment is: its plan finds nothing wrong, and makes nothing', async () => {
    const listed = await listing();

    const args = ['plan', REHEARSAL_ENVIRONMENT, '--project', workspace.project.directory, '--json'];
    const { value, stdout } = await captured(() => main(args));

    expect(JSON.parse(stdout)).to.have.nested.property('restore.kind', 'continuous');
    expect(value).to.equal(0);
    expect(await listing()).to.deep.equal(listed);
  });

  it('an unknown environment: those there are, and the one that was meant', async () => {
    const { code, text } = await refused('recover', 'rehersal');

    expect(code).to.equal(2);
    expect(text).to.include('"rehersal" is unknown').and.include('Did you mean "rehearsal"?').and.include('There are:');
  });

  for (const [what, changes, complaints] of [
    ['an unknown platform', { platform: 'locl' }, ['platform "locl" is unknown', 'did you mean "local"?']],
    ['a misspelt key', { backups: {} }, ['medplum-dr:backups: unknown key', 'did you mean "backup"?']],
    [
      'an RTO that is no duration',
      { objectives: { rto: 'five minutes', rpo: '1m' } },
      ['medplum-dr:objectives.rto: "five minutes" is not a duration', '5m'],
    ],
    ['an RTO without a unit', { objectives: { rto: 300, rpo: '1m' } }, ['medplum-dr:objectives.rto', '5m']],
  ] as const) {
    it(`${what}: by its key, with the remedy`, async () => {
      const { code, text } = await recoverWith(changes);

      expect(code).to.equal(2);
      for (const complaint of complaints) {
        expect(text).to.include(complaint);
      }
    });
  }

  it('a recovery site that is the primary', async () => {
    const { code, text } = await recoverWith({ recoverySite: values['site'] });

    expect(code).to.equal(2);
    for (const key of ['name', 'folder', 'address']) {
      expect(text).to.include(`medplum-dr:recoverySite.${key}: is the primary site's own`);
    }
  });

  it('several at once: all of them', async () => {
    const { code, text } = await recoverWith({
      objectives: { rto: 'soon', rpo: '1m' },
      recoverySite: { ...(values['site'] as object), name: 'other' },
      monitorng: {},
    });

    expect(code).to.equal(2);
    expect(text).to.include('"soon" is not a duration').and.include('medplum-dr:monitorng: unknown key');
    expect(text).to.include('recoverySite.folder').and.include('recoverySite.address');
  });

  it('a platform that is not implemented', async () => {
    const { code, text } = await recoverWith({ platform: 'gcp' });

    expect(code).to.equal(6);
    expect(text).to.include('"gcp" is not implemented yet');
  });

  it('a recovery point that is no instant, or lies in the future', async () => {
    const none = await recover('--recovery-point', '2026-11-24T03:15:00');
    const future = await recover('--recovery-point', new Date(Date.now() + 3_600_000).toISOString());

    expect([none.code, future.code]).to.deep.equal([2, 2]);
    expect(none.text).to.include('not an instant with a time zone');
    expect(future.text).to.include('lies in the future');
  });

  it('a recovery point that does not exist, or lies before all there is: what there is is listed', async () => {
    const unknown = await recover('--recovery-point', 'base-of-last-year');
    const early = await recover('--recovery-point', '2020-01-01T00:00:00Z');

    expect([unknown.code, early.code]).to.deep.equal([2, 2]);
    expect(unknown.text).to.include('"base-of-last-year" does not exist');
    expect(early.text).to.include('2020-01-01T00:00:00.000Z cannot be recovered to');
    for (const { text } of [unknown, early]) {
      expect(text).to.include(mark).and.include('Any moment from');
    }
  });

  it('a run to go on with that there never was', async () => {
    const { code, text } = await refused('resume', '20200101-000000-abcd');

    expect(code).to.equal(2);
    expect(text).to.include('There is no run "20200101-000000-abcd"');
  });

  describe('on a taken port', () => {
    let taker: Server;

    beforeEach(async () => {
      taker = createServer().listen(site.ports.database, site.address);
      await once(taker, 'listening');
    });
    afterEach(async () => {
      taker.close();
      await once(taker, 'close');
    });

    const taken = (): string => `Port ${site.ports.database} on ${site.address} is taken.`;

    it('names it, and the key that sets another', async () => {
      const { code, text } = await recover();

      expect(code).to.equal(3);
      expect(text).to.include(taken()).and.include('medplum-dr:recoverySite.ports.database');
    });

    it('tells everything else that is wrong as well', async () => {
      const file = path.join(workspace.outside, 'keys', 'secrets.key');
      await rename(file, `${file}.away`);
      try {
        const { code, text } = await recover('--recovery-point', 'nothing');

        expect(code).to.equal(3);
        expect(text).to.include('Preflight found 3 problem(s); nothing was made.').and.include(taken());
        expect(text)
          .to.include(`The key of the secrets, ${file}, is not there`)
          .and.include('"nothing" does not exist');
      } finally {
        await rename(`${file}.away`, file);
      }
    });
  });

  it('folders that are not there are not made by looking', async () => {
    const nowhere = path.join(directory, 'nowhere');

    const { code, text } = await recoverWith({
      outside: { folder: path.join(nowhere, 'outside') },
      recoverySite: { ...site, folder: path.join(nowhere, 'site') },
    });

    expect(code).to.equal(3);
    expect(text).to.include('key of the secrets').and.include('No recovery point');
  });
});
