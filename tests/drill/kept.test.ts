import { expect } from 'chai';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { findEngine } from '../../automation/engine';
import { processesNaming } from '../../automation/rehearsal/destroy-site';
import { REHEARSAL_ENVIRONMENT, type RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema, type RecoveryReport } from '../../automation/report/schema';
import type { EnvironmentStatus } from '../../automation/status';
import { EngineSession } from '../../automation/stacks/session';
import type { LocalConfig } from '../../components/local/config';
import { medplumDr, type Ended } from './command-line';
import { makeFolder, removeFolder } from './folder';
import { apiByName, configOf, filesHolding, resolved, secretsOf, workspaceIn } from './places';

function statusOf({ stdout }: Ended): EnvironmentStatus {
  return JSON.parse(stdout) as EnvironmentStatus;
}

const planSchema = z.object({ findings: z.array(z.object({ id: z.string(), status: z.string() })) });

describe('an environment after the loss of its site (medplum-dr drill --keep)', function () {
  this.timeout(240_000);
  let folder: string;
  let drill: Ended;
  let report: RecoveryReport;
  let workspace: RehearsalWorkspace;
  let config: LocalConfig;
  let secrets: Map<string, string>;

  before(async () => {
    folder = await makeFolder();
    drill = await medplumDr(['drill', '--resources', '1000', '--keep', '--json'], { folder });
    expect(drill.exitCode, drill.stderr).to.equal(0);
    report = recoveryReportSchema.parse(JSON.parse(drill.stdout));
    workspace = await workspaceIn(path.join(folder, '.medplum-dr', `drill-${report.id}`));
    config = await configOf(workspace);
    secrets = await secretsOf(workspace, path.join(workspace.sites.recovery, `${REHEARSAL_ENVIRONMENT}-${report.id}`));
  });
  after(() => removeFolder(folder));

  function run(...args: string[]): Promise<Ended> {
    return medplumDr(args, { folder: workspace.project.directory, environment: workspace.engineEnvironment });
  }

  async function nothingOfSiteA(): Promise<void> {
    expect(await readdir(workspace.directory)).to.have.members(['outside', 'project', 'site-b']);
    expect(await processesNaming(workspace.sites.primary)).to.deep.equal([]);
  }

  it('is served by the recovery site, through its name', async () => {
    const api = await apiByName(config, secrets);
    const { resources } = await api.search('Patient', { _count: '5' });
    const created = await api.create({ resourceType: 'Basic', code: { text: 'after the recovery' } });

    await nothingOfSiteA();
    expect(await resolved(config)).to.deep.equal([config.recoverySite!.address]);
    expect(resources).to.have.length(5);
    expect((await api.read('Basic', created.id)).id).to.equal(created.id);
    expect(report.leftBehind.join()).to.include(`medplum-dr drill --remove ${workspace.directory}`);
  });

  it('has a primary stack that names the new site, and a plain update leaves traffic there', async () => {
    const engine = await findEngine({ onProgress: () => undefined });
    const session = new EngineSession(engine, workspace.project, workspace.engineEnvironment);
    const endpoint = {
      name: config.traffic.name,
      address: config.recoverySite!.address,
      port: config.traffic.port,
      site: 'site-b',
    };
    const before = await session.outputs(REHEARSAL_ENVIRONMENT);

    const updated = await session.update(REHEARSAL_ENVIRONMENT, {
      signal: new AbortController().signal,
      onResource: () => undefined,
      onWaiting: () => undefined,
    });

    expect(before['endpoint']).to.deep.equal(endpoint);
    expect(updated.outputs['endpoint']).to.deep.equal(endpoint);
    expect(await resolved(config)).to.deep.equal([config.recoverySite!.address]);
    await nothingOfSiteA();
  });

  it('is told of by status and recovery-points', async () => {
    const status = await run('status', REHEARSAL_ENVIRONMENT, '--json');
    const points = await run('recovery-points', REHEARSAL_ENVIRONMENT, '--json');
    const lines = await run('status', REHEARSAL_ENVIRONMENT);

    expect(status.exitCode, status.stderr).to.equal(0);
    expect(JSON.parse(status.stdout)).to.deep.include({
      environment: REHEARSAL_ENVIRONMENT,
      site: 'site-a',
      recoverySite: null,
      unprotectedSince: statusOf(status).active?.since,
      resolvesTo: [config.recoverySite!.address],
      problems: [],
      runs: [
        {
          id: report.id,
          mode: 'drill',
          startedAt: report.startedAt,
          result: 'recovered',
          commit: { kind: 'nothing-to-go-back-to' },
        },
      ],
    });
    expect(lines.stdout).to.match(/Served by: site-b .*\n.*Unprotected since/);
    expect(points.exitCode, points.stderr).to.equal(0);
    // Those at the recovery site are of the site that was lost, and older than what serves.
    expect(JSON.parse(points.stdout)).to.deep.equal({ points: [], window: null });
  });

  it('is not recovered a second time from backups older than the first', async () => {
    const plan = await run('plan', REHEARSAL_ENVIRONMENT, '--json');
    const again = await run('recover', REHEARSAL_ENVIRONMENT);

    expect(plan.exitCode).to.equal(3);
    const { findings } = planSchema.parse(JSON.parse(plan.stdout));
    expect(findings.map(({ id, status }) => `${id} ${status}`)).to.deep.equal(['recovery-site failed']);
    expect(again.exitCode).to.equal(3);
    expect(again.stderr).to.include('is served from site-b').and.include('nothing protects it');
    expect(again.stderr).to.not.include('is taken');
    expect(await resolved(config)).to.deep.equal([config.recoverySite!.address]);
    expect(await readdir(workspace.sites.recovery)).to.have.members([
      `${REHEARSAL_ENVIRONMENT}-${report.id}`,
      'replica',
    ]);
  });

  it('does not let its serving stack be removed', async () => {
    const stack = `${REHEARSAL_ENVIRONMENT}-${report.id}`;
    const aborted = await run('abort', report.id);
    const rolledBack = await run('rollback', report.id);
    const refused = await run('remove-site', REHEARSAL_ENVIRONMENT, stack);

    expect([aborted.exitCode, rolledBack.exitCode, refused.exitCode]).to.deep.equal([2, 2, 2]);
    expect(aborted.stderr).to.include('has moved traffic to').and.include('medplum-dr failback');
    expect(rolledBack.stderr).to.include('there is nothing to go back to');
    expect(refused.stderr).to.include(`serves environment "${REHEARSAL_ENVIRONMENT}"`);
    const { resources } = await (await apiByName(config, secrets)).search('Patient', { _count: '1' });
    expect(resources).to.have.length(1);
  });

  it('shows no secret in state, journal, report, logs, output or command lines', async () => {
    const passphrase = await readFile(workspace.engineEnvironment['PULUMI_CONFIG_PASSPHRASE_FILE'] ?? '', 'utf8');
    const values = [...secrets].flatMap(([name, value]) => (name.endsWith('Id') ? [] : [value]));
    const all = [...values, passphrase];

    expect([...secrets.keys()]).to.include.members([
      ...['databasePassword', 'cachePassword', 'superAdminClientSecret', 'verificationClientSecret'],
    ]);
    expect(all.every((value) => value.length >= 20)).to.equal(true);
    expect(await filesHolding(workspace.directory, all)).to.deep.equal([]);
    expect(await filesHolding(path.join(folder, 'reports'), all)).to.deep.equal([]);
    expect(all.filter((value) => drill.stdout.includes(value) || drill.stderr.includes(value))).to.deep.equal([]);
    const commandLines = [...drill.commandLines];
    expect(
      commandLines.some((line) => line.includes('pulumi\0up')),
      'the engine was seen at work'
    ).to.equal(true);
    expect(commandLines.filter((line) => all.some((value) => line.includes(value)))).to.deep.equal([]);
  });

  it('is protected at the lost site’s place once that stands again, and fails back there', async () => {
    const before = await run('status', REHEARSAL_ENVIRONMENT);
    const early = await run('failback', REHEARSAL_ENVIRONMENT);
    const armed = await run('protect', REHEARSAL_ENVIRONMENT, '--json');
    const after = await run('status', REHEARSAL_ENVIRONMENT);
    const written = await (await apiByName(config, secrets)).create({ resourceType: 'Basic', code: { text: 'kept' } });
    const back = await run('failback', REHEARSAL_ENVIRONMENT, '--commit-after', '0', '--json');

    expect(before.stdout).to.match(/Unprotected since .*medplum-dr protect/);
    expect(early.exitCode).to.equal(3);
    expect(early.stderr).to.include('is protected at nowhere').and.include('medplum-dr protect');
    expect(armed.exitCode, armed.stderr).to.equal(0);
    expect(JSON.parse(armed.stdout)).to.include({ site: 'site-a' });
    expect(after.stdout)
      .to.match(/Protected at site-a since/)
      .and.not.include('Unprotected');
    expect(back.exitCode, back.stderr).to.equal(0);
    const failback = recoveryReportSchema.parse(JSON.parse(back.stdout));
    expect(failback).to.deep.include({ mode: 'failback', sites: { from: 'site-b', to: 'site-a' } });
    expect(failback.achieved).to.include({ rpoSeconds: 0 });
    expect(failback.commit.kind).to.equal('committed');
    expect(await resolved(config)).to.deep.equal([config.site.address]);
    const api = await apiByName(config, secrets);
    expect((await api.read('Basic', written.id)).id).to.equal(written.id);
  });

  it('is removed with all that it had', async () => {
    const removed = await medplumDr(['drill', '--remove', workspace.directory, '--json'], { folder });

    expect(removed.exitCode, removed.stderr).to.equal(0);
    expect(JSON.parse(removed.stdout)).to.include({ id: 'drill-removed', status: 'passed' });
    expect(await processesNaming(folder)).to.deep.equal([]);
    expect(await readdir(folder)).to.not.include('.medplum-dr');
  });
});
