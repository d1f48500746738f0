import { expect } from 'chai';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { processTable } from '../../automation/engine/process-table';
import { processesNaming } from '../../automation/rehearsal/destroy-site';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema, type RecoveryReport } from '../../automation/report/schema';
import { readStackConfig, stackNames, writeStackConfig } from '../../automation/stacks/project';
import { Command, type Ended } from './command-line';
import { livingEnvironment, type LivingEnvironment } from './living-environment';
import { apiByName, resolved, secretsOf } from './places';

/** Long enough for the restore on a busy machine: it is the application that is to be waited for. */
const STALL_SECONDS = 10;

describe('a run that makes no progress any more', function () {
  this.timeout(360_000);
  let living: LivingEnvironment;
  let command: Command;
  let ended: Ended;
  let report: RecoveryReport;

  before(async () => {
    living = await livingEnvironment();
    const { project } = living.workspace;
    const { application } = await readStackConfig(project, NAME);
    // It starts, and never opens its port. So long the undoing waits for it; the step itself is stopped before.
    await writeStackConfig(project, NAME, {
      application: { ...(application as object), command: ['sleep', '3600'], startTimeout: '45s' },
    });
    command = new Command(['switchover', NAME, '--stall-after', `${STALL_SECONDS}s`, '--json'], living.options);
    ended = await command.end();
    report = recoveryReportSchema.parse(JSON.parse(ended.stdout));
    await writeStackConfig(project, NAME, { application });
  });
  after(() => living.remove());

  it('fails with what it waited for, and says how to give it longer', () => {
    const message = new RegExp(
      `^Restore and provision made no progress for ${STALL_SECONDS} s while waiting for .*application`
    );

    expect(ended.exitCode, ended.stderr).to.equal(4);
    expect(report).to.include({ mode: 'switchover', result: 'failed' });
    expect(report.failure).to.include({ step: 'recovery-stack' });
    expect(report.failure?.message).to.match(message);
    expect(report.failure?.hint).to.include('--stall-after').and.include('stallAfter');
    expect(ended.stderr).to.match(new RegExp(message.source.slice(1)));
  });

  it('stops as it is told to, before the provider gives up by itself', () => {
    const step = report.steps.find(({ id }) => id === 'recovery-stack');
    const seconds = (Date.parse(step?.endedAt ?? '') - Date.parse(step?.startedAt ?? '')) / 1000;

    expect(step).to.include({ status: 'failed', attempts: 1 });
    expect(seconds).to.be.within(STALL_SECONDS, 40);
  });

  it('has no engine at work any more, and moved no traffic', async () => {
    const rows = await processTable();

    expect(rows.filter((row) => row.parent === command.pid)).to.deep.equal([]);
    expect(rows.filter((row) => row.command.includes(living.workspace.project.directory))).to.deep.equal([]);
    expect(await resolved(living.config)).to.deep.equal([living.config.site.address]);
  });

  it('is undone by abort, with the application that it started, and the site that it stopped serves again', async () => {
    const { workspace } = living;
    const stack = `${NAME}-${report.id}`;

    const aborted = await living.run('abort', report.id);

    expect(aborted.exitCode, aborted.stdout + aborted.stderr).to.equal(0);
    expect(await stackNames(workspace.project)).to.deep.equal([NAME]);
    expect(await readdir(workspace.sites.recovery)).to.deep.equal(['replica']);
    expect(await processesNaming(path.join(workspace.sites.recovery, stack))).to.deep.equal([]);
    const api = await apiByName(living.config, await secretsOf(workspace, path.join(workspace.sites.primary, NAME)));
    await api.create({ resourceType: 'Basic', code: { text: 'written after the abort' } });
  });
});
