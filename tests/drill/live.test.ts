import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { findEngine } from '../../automation/engine';
import { backUp } from '../../automation/rehearsal/back-up';
import { loadResources } from '../../automation/rehearsal/data/load';
import { processesNaming } from '../../automation/rehearsal/destroy-site';
import { bringUpPrimary, type RehearsalPrimary } from '../../automation/rehearsal/environment';
import { narratorOf } from '../../automation/rehearsal/narrator';
import { makeWorkspace, REHEARSAL_ENVIRONMENT, type RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema } from '../../automation/report/schema';
import { runEngineCommand } from '../../automation/stacks/engine-command';
import { stackNames } from '../../automation/stacks/project';
import type { LocalConfig } from '../../components/local/config';
import { runningDaemon, until } from '../../components/local/process/daemon';
import { Command, medplumDr } from './command-line';
import { makeFolder, removeFolder } from './folder';
import { OutsideWorld } from './outside-world';
import { apiByName, configOf, filesHolding, resolved, secretsOf } from './places';

const USER_SECRET = 'planted-by-the-operator-7Hq2';

describe('an environment that lives on', function () {
  this.timeout(240_000);
  let folder: string;
  let workspace: RehearsalWorkspace;
  let primary: RehearsalPrimary;
  let config: LocalConfig;
  const outsideWorld = new OutsideWorld();

  before(async () => {
    folder = await makeFolder();
    await outsideWorld.open();
    const directory = path.join(folder, '.medplum-dr', 'drill-20260101-000000-0000');
    await mkdir(directory, { recursive: true });
    workspace = await makeWorkspace(directory, null);
    const engine = await findEngine({ onProgress: () => undefined });
    const pulumi = (args: string[], input?: string): Promise<string> =>
      runEngineCommand(engine.command.command, [...args, '--stack', REHEARSAL_ENVIRONMENT], {
        directory: workspace.project.directory,
        environment: workspace.engineEnvironment,
        ...(input === undefined ? {} : { input }),
      });
    await pulumi(['stack', 'init']);
    await pulumi(['config', 'set', '--secret', '--path', 'medplum-dr:secrets.smtpPassword'], USER_SECRET);
    config = await configOf(workspace);
    const addOn = path.join(folder, 'add-on.js');
    const { site, traffic } = config;
    await outsideWorld.writeAddOn(addOn, [`${site.address}:${traffic.port}`, `${traffic.name}:${traffic.port}`]);
    const nodeOptions = 'medplum-dr:application.environment.NODE_OPTIONS';
    await pulumi(['config', 'set', '--plaintext', '--path', nodeOptions], `--require ${addOn}`);
    const signal = new AbortController().signal;
    primary = await bringUpPrimary(workspace, { engine, signal, narrator: narratorOf(() => undefined) });
    await loadResources({ api: primary.api, count: 300, seed: 1, signal });
    await primary.api.create({
      resourceType: 'Subscription',
      status: 'active',
      reason: 'for the test',
      criteria: 'Basic',
      channel: { type: 'rest-hook', endpoint: `http://${outsideWorld.webhook}/` },
    });
    await backUp(workspace, primary);
    config = await configOf(workspace);
  });
  after(async () => {
    outsideWorld.close();
    await removeFolder(folder);
  });

  /** The zone as its file holds it, its serial included. */
  const zone = (): Promise<string> => readFile(path.join(workspace.outside, 'dns', 'zone.json'), 'utf8');

  const options = (): { folder: string; environment: Readonly<Record<string, string>> } => ({
    folder: workspace.project.directory,
    environment: workspace.engineEnvironment,
  });

  /** Process ids of the primary site. */
  async function processIds(): Promise<Record<string, number | undefined>> {
    const run = path.join(workspace.sites.primary, REHEARSAL_ENVIRONMENT, 'run');
    const files = (await readdir(run)).filter((file) => file.endsWith('.pid'));
    const daemons = await Promise.all(files.map((file) => runningDaemon(path.join(run, file))));
    return Object.fromEntries(files.map((file, index) => [file, daemons[index]?.pid]));
  }

  /** Fails unless the environment is as it was, and nothing but it is there. */
  async function aloneAndWell(before: Record<string, number | undefined>): Promise<void> {
    expect(await resolved(config)).to.deep.equal([config.site.address]);
    expect(await processIds()).to.deep.equal(before);
    await primary.api.create({ resourceType: 'Basic', code: { text: 'still written' } });
    expect(await readdir(workspace.sites.recovery)).to.deep.equal(['replica']);
    expect(await processesNaming(`${workspace.sites.recovery}/${REHEARSAL_ENVIRONMENT}`)).to.deep.equal([]);
    expect(await stackNames(workspace.project)).to.deep.equal([REHEARSAL_ENVIRONMENT]);
    const states = await readdir(path.join(workspace.outside, 'state', '.pulumi', 'stacks', 'medplum-dr'));
    expect(states.filter((file) => file.endsWith('.json'))).to.deep.equal([`${REHEARSAL_ENVIRONMENT}.json`]);
  }

  async function restoreBegun(running: () => boolean): Promise<void> {
    const database = async (): Promise<boolean> => {
      const stacks = (await readdir(workspace.sites.recovery)).filter((name) => name.startsWith(REHEARSAL_ENVIRONMENT));
      const found = await Promise.all(
        stacks.map((stack) =>
          access(path.join(workspace.sites.recovery, stack, 'database')).then(
            () => true,
            () => false
          )
        )
      );
      return found.includes(true);
    };
    await until(async () => !running() || (await database()), 60_000);
    expect(await database(), 'the restore had begun').to.equal(true);
  }

  it('is drilled by a copy beside it, which is kept when asked for, and then removed by the command that is named', async () => {
    const before = await processIds();

    const kept = await medplumDr(['drill', REHEARSAL_ENVIRONMENT, '--keep', '--json'], options());

    expect(kept.exitCode, kept.stderr).to.equal(0);
    const report = recoveryReportSchema.parse(JSON.parse(kept.stdout));
    const stack = `${REHEARSAL_ENVIRONMENT}-${report.id}`;
    expect(report).to.deep.include({ mode: 'drill', scenario: null, result: 'recovered' });
    expect(report.fence.state).to.equal('not-attempted');
    expect(report.achieved).to.include({ clientDowntimeSeconds: null, acknowledgedWritesLost: null });
    expect(await resolved(config)).to.deep.equal([config.site.address]);
    expect(await processIds()).to.deep.equal(before);
    await primary.api.create({ resourceType: 'Basic', code: { text: 'still written' } });
    const live = path.join(workspace.sites.recovery, stack);
    const copied = await secretsOf(workspace, live);
    const copy = (await apiByName(config, copied)).at({
      address: config.recoverySite!.address,
      port: config.traffic.port,
    });
    expect((await copy.search('Patient', { _count: '3' })).resources).to.have.length(3);
    expect(copied.get('smtpPassword')).to.equal(USER_SECRET);

    const everything = [...kept.commandLines, kept.stdout, kept.stderr];
    expect(everything.filter((text) => text.includes(USER_SECRET))).to.deep.equal([]);
    expect(await filesHolding(folder, [USER_SECRET])).to.deep.equal([]);

    const command = /medplum-dr (abort \S+)/.exec(report.leftBehind.join())?.[1] ?? '';
    expect(report.leftBehind.join()).to.include(`stack ${stack}`);
    const removed = await medplumDr(command.split(' '), options());
    expect(removed.stdout + removed.stderr).to.include('passed: ');
    expect(removed.exitCode).to.equal(0);
    await aloneAndWell(before);
  });

  it('is not reached by its copy, which reaches nothing else either; what it tried is counted', async () => {
    const before = { processes: await processIds(), zone: await zone() };
    const production = `EHLO ${config.application.baseUrl}\r\n`;
    await primary.api.create({ resourceType: 'Basic', code: { text: 'delivered by production' } });
    const good = (): boolean =>
      outsideWorld.greeted.includes(production) &&
      outsideWorld.delivered.some((body) => body.includes('delivered by production'));
    expect(await until(good, 20_000), 'production reaches the webhook and the mail server').to.equal(true);

    const drilled = await medplumDr(['drill', REHEARSAL_ENVIRONMENT, '--json'], options());

    expect(drilled.exitCode, drilled.stderr).to.equal(0);
    const report = recoveryReportSchema.parse(JSON.parse(drilled.stdout));
    expect(await zone(), 'the zone with its serial').to.equal(before.zone);
    expect(new Set(outsideWorld.greeted.filter((greeting) => greeting !== ''))).to.deep.equal(new Set([production]));
    expect(outsideWorld.delivered.filter((body) => body.includes('medplum-dr verification'))).to.deep.equal([]);
    const { site, traffic } = config;
    const targets = [outsideWorld.mail, `${site.address}:${traffic.port}`, `${traffic.name}:${traffic.port}`];
    expect(report.quarantine?.blocked?.map(({ target }) => target)).to.have.members([...targets, outsideWorld.webhook]);
    // The one write of the verification, which production's subscription asks for.
    expect(report.quarantine?.blocked).to.deep.include({ target: outsideWorld.webhook, attempts: 1 });
    expect(report.checks.find((check) => check.id === 'cron-reloaded')).to.include({ status: 'not-checked' });
    await aloneAndWell(before.processes);
  });

  it('goes on with a run that was killed in the middle of the restore, and then removes the copy', async () => {
    const before = await processIds();
    const first = new Command(['drill', REHEARSAL_ENVIRONMENT, '--json'], options());
    try {
      await restoreBegun(() => first.running);
    } finally {
      await first.kill();
    }
    const [id = ''] = /\d{8}-\d{6}-[0-9a-f]{4}/.exec(first.stderr) ?? [];
    const locks = path.join(workspace.outside, 'state', '.pulumi', 'locks');
    expect(await readdir(locks, { recursive: true }), 'the engine left its lock').to.satisfy((names: string[]) =>
      names.some((name) => name.endsWith('.json'))
    );

    // Its holder ran on this machine and is dead: nobody has to wait for the lock of the environment, or to break it.
    const resumed = await medplumDr(['resume', id, '--json'], options());

    expect(resumed.exitCode, resumed.stderr).to.equal(0);
    const report = recoveryReportSchema.parse(JSON.parse(resumed.stdout));
    expect(report).to.include({ id, result: 'recovered' });
    expect(report.steps.find((step) => step.id === 'recovery-stack')).to.include({ status: 'done', attempts: 2 });
    expect(report.steps.find((step) => step.id === 'preflight')).to.include({ status: 'done', attempts: 1 });
    expect(report.warnings.join('\n')).to.match(/lock of another driver was taken over: drill/);
    expect(report.warnings.join('\n')).to.match(/lock of an engine that is dead \(pid \d+/);
    expect(report.warnings.join('\n')).to.match(/[1-9]\d* operation\(s\) that a killed engine left unfinished/);
    const open = report.checks.filter((check) => check.status !== 'passed');
    expect(open.map(({ id, status }) => `${id}: ${status}`)).to.have.members([
      'name-server: not-checked',
      'cron-reloaded: not-checked',
    ]);
    expect(report.leftBehind).to.deep.equal([]);
    await aloneAndWell(before);

    const again = await medplumDr(['resume', id], options());
    expect(again.exitCode).to.equal(2);
    expect(again.stderr).to.include('is over: what it made is removed');
  });

  it('is left alone by a drill that a program aborts through the API', async () => {
    const before = await processIds();
    const program = path.join(folder, 'tooling.js');
    const options = {
      environment: REHEARSAL_ENVIRONMENT,
      projectDirectory: workspace.project.directory,
      engineEnvironment: workspace.engineEnvironment,
    };
    await writeFile(program, abortingProgram(options));

    const { stdout } = await promisify(execFile)(process.execPath, [program]);

    const { result, kind, step, removed } = resultSchema.parse(JSON.parse(stdout));
    expect({ result, kind, step }).to.deep.equal({ result: 'cancelled', kind: 'cancelled', step: 'recovery-stack' });
    expect(removed, removed.evidence).to.include({ status: 'passed' });
    await aloneAndWell(before);
  });
});

const resultSchema = z.object({
  result: z.string(),
  kind: z.string(),
  step: z.string(),
  removed: z.object({ status: z.string(), evidence: z.string() }),
});

/** What an organisation's own tooling would be: it stops the drill while the database is being restored. */
function abortingProgram(options: object): string {
  return `
    const { drill } = require(${JSON.stringify(path.resolve('dist', 'automation'))});
    const stop = new AbortController();
    (async () => {
      const run = await drill({ ...${JSON.stringify(options)}, signal: stop.signal });
      for await (const event of run.events) {
        if (event.kind === 'resource' && event.name === 'medplum-database-postgresql') stop.abort();
      }
      const { result, error, report } = await run.result;
      const removed = report.checks.find((check) => check.id === 'run-removed');
      console.log(JSON.stringify({ result, kind: error.kind, step: report.failure.step, removed }));
    })();
  `;
}
