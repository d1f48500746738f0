import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { cp, readdir } from 'node:fs/promises';
import path from 'node:path';
import { processTable } from '../../automation/engine/process-table';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema } from '../../automation/report/schema';
import { openProject, writeStackConfig } from '../../automation/stacks/project';
import { until } from '../../components/local/process/daemon';
import { withAwsEnvironment } from '../control/aws-environment';
import { startMoto, type Moto } from '../control/moto';
import { Command, medplumDr } from './command-line';
import { livingEnvironment, type LivingEnvironment } from './living-environment';
import { resolved } from './places';

describe('a journal in shared storage (S3)', function () {
  this.timeout(360_000);
  let moto: Moto | undefined;
  let living: LivingEnvironment | undefined;
  let aws: { restore: () => void } | undefined;
  let elsewhere: string;

  before(async function () {
    const started = await startMoto();
    if (typeof started === 'string') {
      if (process.env['CI'] !== undefined) {
        throw new Error(started);
      }
      console.log(`    skipped: ${started}`);
      this.skip();
    }
    moto = started;
    aws = withAwsEnvironment();
    const client = new S3Client({ region: 'eu-west-1', endpoint: moto.endpoint, forcePathStyle: true });
    await client.send(
      new CreateBucketCommand({ Bucket: 'control', CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } })
    );
    living = await livingEnvironment();
    const { project } = living.workspace;
    await writeStackConfig(project, NAME, {
      control: `s3://control/${NAME}?region=eu-west-1&endpoint=${moto.endpoint}&forcePathStyle=true`,
    });
    // The checkout on the machine that takes over: as it was before the run.
    elsewhere = path.join(path.dirname(project.directory), 'project-elsewhere');
    await cp(project.directory, elsewhere, { recursive: true });
  });
  after(async () => {
    await living?.remove();
    aws?.restore();
    await moto?.stop();
  });

  /** Whether an engine that the command started moves the record: the site stands, verified and healthy. */
  async function cutsOver(command: Command): Promise<boolean> {
    const rows = await processTable();
    return rows.some((row) => row.parent === command.pid && /pulumi\S* up .*Traffic/.test(row.command));
  }

  it('lets another project folder go on where the first was killed, in the middle of the cutover', async () => {
    const { options, workspace, config } = living!;
    const first = new Command(['switchover', NAME, '--json'], options);
    try {
      expect(await until(() => cutsOver(first), 90_000), first.stderr).to.equal(true);
    } finally {
      await first.kill();
    }
    const [id = ''] = /\d{8}-\d{6}-[0-9a-f]{4}/.exec(first.stderr) ?? [];
    const there = { folder: elsewhere, environment: workspace.engineEnvironment };

    const resumed = await medplumDr(['resume', id, '--json'], there);

    expect(resumed.exitCode, resumed.stderr).to.equal(0);
    const report = recoveryReportSchema.parse(JSON.parse(resumed.stdout));
    expect(report).to.include({ id, mode: 'switchover', result: 'recovered' });
    expect(report.achieved).to.include({ rpoSeconds: 0 });
    expect(report.steps.find((step) => step.id === 'recovery-stack')).to.include({ attempts: 1 });
    expect(report.steps.find((step) => step.id === 'cutover')).to.include({ attempts: 2 });
    expect(await resolved(config)).to.deep.equal([config.recoverySite!.address]);
    expect(await readdir(workspace.outside), 'nothing of it lies in the folder').to.not.include('recoveries');
  });

  it('keeps a folder that has not heard of the last cutover from acting on what it believes', async () => {
    const { workspace, config } = living!;
    const third = path.join(path.dirname(elsewhere), 'project-stale');
    await cp(elsewhere, third, { recursive: true });
    const project = await openProject(third);
    const address = { address: '127.0.0.2', site: 'site-a', stack: NAME };
    await writeStackConfig(project, NAME, {
      activeEndpoint: {
        ...address,
        port: config.traffic.port,
        recoveryId: 'old',
        generation: 1,
        since: '2026-01-01T00:00:00Z',
      },
    });

    const refused = await medplumDr(['recover', NAME], { folder: third, environment: workspace.engineEnvironment });

    expect(refused.exitCode).to.equal(2);
    expect(refused.stderr).to.include('is older than its last cutover').and.include('serves since');
    expect(await resolved(config)).to.deep.equal([config.recoverySite!.address]);
  });
});
