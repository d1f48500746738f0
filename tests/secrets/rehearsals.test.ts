import { expect } from 'chai';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { SCENARIOS, type ScenarioName } from '../../automation/rehearsal/scenarios/scenario';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema } from '../../automation/report/schema';
import { medplumDr } from '../drill/command-line';
import { makeFolder, removeFolder } from '../drill/folder';
import { workspaceIn } from '../drill/places';
import { OPERATOR_VARIABLES } from './exceptions';
import { SecretSearch } from './search';
import { environmentSecrets, Watched } from './watched';

/* The scenarios side by side: each mostly waits for what it is about, a detection or a shipped log. */
describe('secrets of rehearsed environments', function () {
  this.timeout(400_000);
  const rehearsals = new Map<ScenarioName, { folder: string; watched: Watched; search: SecretSearch }>();

  before(async () => {
    await Promise.all(
      SCENARIOS.map(async (scenario, index) => {
        const folder = await makeFolder();
        const watched = new Watched(folder);
        // Its progress in words comes with either; what it prints in the end is words for one of them.
        const json = index === 0 ? [] : ['--json'];
        const ended = await watched.run(['drill', '--scenario', scenario, '--resources', '100', '--keep', ...json], {
          folder,
        });
        expect(ended.exitCode, ended.stderr).to.equal(0);
        const [id = ''] = await readdir(path.join(folder, 'reports'));
        const workspace = await workspaceIn(path.join(folder, '.medplum-dr', `drill-${id}`));
        const secrets = await environmentSecrets(workspace, path.join(workspace.sites.recovery, `${NAME}-${id}`));
        const planted = Object.entries(OPERATOR_VARIABLES).map(([name, value]) => ({ name, value }));
        const search = new SecretSearch([...secrets, ...planted]);
        await watched.searchFiles(search);
        watched.take(await medplumDr(['drill', '--remove', workspace.directory, '--json'], { folder }));
        rehearsals.set(scenario, { folder, watched, search });
        expect(secrets.map(({ name }) => name)).to.include.members([
          ...['databasePassword', 'cachePassword', 'superAdminClientSecret', 'verificationClientSecret', 'passphrase'],
        ]);
        if (json.length > 0) {
          recoveryReportSchema.parse(JSON.parse(ended.stdout));
        }
      })
    );
  });
  after(async () => {
    await Promise.all([...rehearsals.values()].map(({ folder }) => removeFolder(folder)));
  });

  for (const scenario of SCENARIOS) {
    it(`${scenario}: are shown nowhere, and held by those alone that need them`, () => {
      const { watched, search } = rehearsals.get(scenario)!;

      expect(watched.inOutputs(search)).to.deep.equal([]);
      expect(watched.found).to.deep.equal([]);
      expect(watched.inArguments(search)).to.deep.equal([]);
      expect(watched.inEnvironments(search)).to.deep.equal([]);
      for (const place of [
        /outside\/client\.jsonl$/,
        /outside\/state\/.*\.json$/,
        /outside\/recoveries\//,
        /reports\/.*\/report\.html$/,
        /site-b\/\S+\/logs\/application\.log$/,
      ]) {
        expect(
          watched.files.some((file) => place.test(file)),
          place.source
        ).to.equal(true);
      }
      const client = watched.processes.filter(({ commandLine }) => commandLine.includes('rehearsal/client/main.js'));
      expect(client.flatMap(({ environment }) => search.in(environment))).to.include('verificationClientSecret');
    });
  }
});
