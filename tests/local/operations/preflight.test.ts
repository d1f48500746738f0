import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { makeWorkspace, REHEARSAL_ENVIRONMENT, replicaIn } from '../../../automation/rehearsal/workspace';
import { readStackConfig } from '../../../automation/stacks/project';
import { localSchema } from '../../../components/local/config';
import { localSiteOperations } from '../../../components/local/operations';
import { withCatalogue } from '../../../components/local/postgresql/catalogue';
import type { PreflightFinding, SiteOperations } from '../../../components/site-operations';
import { testFolder } from '../postgresql/database-fixture';

/* The clock of this machine, against the times of recovery points, which are the database's. */
describe('preflight: clock', () => {
  let directory: string;
  let replica: string;
  let operations: SiteOperations;

  beforeEach(async () => {
    directory = await testFolder();
    const workspace = await makeWorkspace(directory, null);
    replica = replicaIn(workspace);
    const config = localSchema.parse(await readStackConfig(workspace.project, REHEARSAL_ENVIRONMENT));
    const context = { projectDirectory: workspace.project.directory, stack: REHEARSAL_ENVIRONMENT };
    operations = localSiteOperations(config, context);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const marked = (seconds: number): Promise<void> =>
    withCatalogue(replica, ({ append }) =>
      append({
        ...{ kind: 'restore-point', id: `medplum-dr-${seconds}`, lsn: '0/5000060', timeline: 1, facts: null },
        time: new Date(Date.now() + seconds * 1000).toISOString(),
      })
    );

  async function clock(): Promise<PreflightFinding | undefined> {
    return (await operations.preflight('rehearsal-1')).find(({ id }) => id === 'clock');
  }

  it('cannot be checked without a recovery point', async () => {
    expect(await clock()).to.have.property('status', 'not-checked');
  });

  it('passes with points of the past', async () => {
    await marked(-10);

    expect(await clock()).to.have.property('status', 'passed');
  });

  it('fails when it is five minutes behind the database, and says by how much', async () => {
    await marked(-10);
    await marked(300);

    const finding = await clock();

    expect(finding).to.have.property('status', 'failed');
    expect(finding)
      .to.have.property('evidence')
      .that.includes("behind the database's by 300 s")
      .and.includes('medplum-dr-300');
    expect(finding).to.have.property('remedy').that.includes('Set the clock');
  });
});
