import { expect } from 'chai';
import { execFile, type ExecFileException } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { engineEnvironment } from '../../automation/engine';
import { cleanUp } from '../../automation/rehearsal/clean-up';
import { processesNaming } from '../../automation/rehearsal/destroy-site';
import { makeWorkspace, REHEARSAL_ENVIRONMENT, type RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema } from '../../automation/report/schema';
import { readStackConfig, writeStackConfig } from '../../automation/stacks/project';

const MEGABYTE = 1024 * 1024;

/** As most people write them: paths start at the folder of `Pulumi.yaml`, for pulumi and for the driver alike. */
async function writeRelativeFolders({ project }: RehearsalWorkspace): Promise<void> {
  const placeSchema = z.looseObject({ folder: z.string() });
  const values = await readStackConfig(project, REHEARSAL_ENVIRONMENT);
  for (const key of ['site', 'recoverySite', 'outside']) {
    const place = placeSchema.parse(values[key]);
    const folder = path.relative(project.directory, place.folder);
    await writeStackConfig(project, REHEARSAL_ENVIRONMENT, { [key]: { ...place, folder } });
  }
}

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], folder: string, environment: object = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { cwd: folder, env: { ...process.env, ...environment }, maxBuffer: 64 * MEGABYTE };
    execFile(command, args, options, (error: ExecFileException | null, stdout, stderr) => {
      resolve({ exitCode: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

describe('the package, installed from its tarball into a project that has only a stack’s config', function () {
  this.timeout(240_000);
  let folder: string;
  let tarball: string;
  let workspace: RehearsalWorkspace;
  let project: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-package-'));
    await chmod(folder, 0o755);
    const packed = await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder, '--json'], '.');
    const [{ filename }] = z.tuple([z.object({ filename: z.string() })]).parse(JSON.parse(packed.stdout));
    tarball = path.join(folder, filename);
    workspace = await makeWorkspace(folder, null);
    project = workspace.project.directory;
    await rm(path.join(project, 'Pulumi.yaml'));
    await rm(path.join(project, 'medplum-dr.js'));
    await writeRelativeFolders(workspace);
    await writeFile(path.join(project, 'package.json'), JSON.stringify({ name: 'clinic-dr', private: true }));
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund'];
    const installed = await run('npm', ['install', ...quiet, tarball, '@types/node@20'], project);
    expect(installed.exitCode, installed.stderr).to.equal(0);
  });
  after(async () => {
    const check = await cleanUp({ directory: folder });
    expect(check.status, check.evidence).to.equal('passed');
  });

  /** Runs a program of the project's own; what it prints is one JSON document. */
  async function javascript(body: string): Promise<unknown> {
    const environment = JSON.stringify(workspace.engineEnvironment);
    const program = `
      const { init, rehearse, recover, plan, status, recoveryPoints, prepareEngine, OperatorError } = require('medplum-dr');
      const options = { environment: '${REHEARSAL_ENVIRONMENT}', engineEnvironment: ${environment} };
      (async () => { ${body} })().then((value) => console.log(JSON.stringify(value)));`;
    await writeFile(path.join(project, 'tooling.js'), program);
    const ended = await run(process.execPath, ['tooling.js'], project);
    expect(ended.exitCode, ended.stderr).to.equal(0);
    return JSON.parse(ended.stdout);
  }

  it('is small and holds what runs, and neither tests nor sources', async () => {
    const { stdout } = await run('tar', ['tzf', tarball], folder);
    const files = stdout.trim().split('\n');

    expect((await stat(tarball)).size).to.be.lessThan(5 * MEGABYTE);
    expect(files.filter((file) => /\.test\.|\/tests?\/|\/bench\//.test(file))).to.deep.equal([]);
    expect(files.filter((file) => /(?<!\.d)\.ts$/.test(file))).to.deep.equal([]);
    expect(files).to.include.members([
      'package/dist/automation/cli.js',
      'package/dist/automation/index.d.ts',
      'package/dist/index.js',
      'package/plugin/pulumi-resource-medplum-local',
      'package/toolchain/pulumi/go.mod',
      'package/LICENSE',
    ]);
  });

  it('has its command here and in the checkout', async () => {
    const commands = ['plan', 'recover', 'drill', 'status', 'recovery-points'];
    const ask = (place: string, ...args: string[]): Promise<Outcome> =>
      run('npx', ['--no-install', 'medplum-dr', ...args, '--help'], place);
    const [installed, checkout, ...each] = await Promise.all([
      ask(project),
      ask('.'),
      ...commands.map((command) => ask(project, command)),
    ]);

    expect([installed, checkout, ...each].map((help) => help.exitCode)).to.deep.equal([0, 0, ...commands.map(() => 0)]);
    expect(installed.stdout).to.equal(checkout.stdout);
    for (const [index, command] of commands.entries()) {
      expect(installed.stdout).to.match(new RegExp(`^  ${command}\\b`, 'm'));
      expect(each[index]?.stdout).to.include(`medplum-dr ${command}`);
    }
  });

  it('has types that hold under strict', async () => {
    await writeFile(
      path.join(project, 'tooling.ts'),
      `import { recover, plan, drill, rehearse, status, recoveryPoints, OperatorError, EXIT_CODES } from 'medplum-dr';
      import type { RecoveryEvent, RecoveryReport, RecoveryResult } from 'medplum-dr';
      export async function tooling(signal: AbortSignal): Promise<RecoveryReport> {
        const run = await recover({ environment: 'clinic', recoveryPoint: 'latest', lostAt: new Date(), signal });
        for await (const event of run.events) told(event);
        const { report, error }: RecoveryResult = await run.result;
        const exitCode: number = error === null ? 0 : EXIT_CODES[error.kind];
        const lost: number | null = report.achieved.acknowledgedWritesLost;
        const { findings } = await plan({ environment: 'clinic' });
        const failed = findings.flatMap((finding) => (finding.status === 'failed' ? [finding.remedy] : []));
        const active = (await status({ environment: 'clinic' })).active?.site;
        const { points, window } = await recoveryPoints({ environment: 'clinic' });
        await drill({ environment: 'clinic', keep: true });
        await rehearse({ scenario: 'bad-write', resources: 500 });
        console.log(exitCode, lost, failed, active, points.length, window?.to, OperatorError.name);
        return report;
      }
      function told(event: RecoveryEvent): string {
        return event.kind === 'step-finished' ? event.summary : event.at;
      }
      export const wrong = async (event: RecoveryEvent): Promise<void> => {
        // @ts-expect-error an environment has to be named
        await recover({});
        // @ts-expect-error it is an instant and no text
        await recover({ environment: 'clinic', lostAt: '2026-11-24' });
        // @ts-expect-error there is no such scenario
        await rehearse({ scenario: 'flood' });
        // @ts-expect-error no event has a summary before its kind is known
        console.log(event.summary);
      };`
    );
    const typescript = path.resolve('node_modules', 'typescript', 'bin', 'tsc');
    const flags = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--skipLibCheck'];

    const checked = await run(process.execPath, [typescript, ...flags, 'tooling.ts'], project);

    expect(checked.stdout).to.equal('');
    expect(checked.exitCode).to.equal(0);
  });

  it('rehearses from JavaScript, with events as they come', async () => {
    const told = await javascript(`
      const run = await rehearse({ resources: 300, keep: false });
      const kinds = new Set();
      const steps = [];
      for await (const event of run.events) {
        kinds.add(event.kind);
        if (event.kind === 'step-finished') steps.push(event.step + ' ' + event.status);
      }
      const { id, result, report } = await run.result;
      return { kinds: [...kinds], steps, id, result, report };`);

    const { kinds, steps, id, result, report } = z
      .object({
        kinds: z.array(z.string()),
        steps: z.array(z.string()),
        id: z.string(),
        result: z.literal('recovered'),
        report: recoveryReportSchema,
      })
      .parse(told);
    expect(kinds).to.include.members(['run-started', 'step-started', 'resource', 'check', 'note', 'run-finished']);
    expect(steps).to.deep.equal(report.steps.map((step) => `${step.id} done`));
    expect(report).to.include({ id, result });
    expect(await readdir(project)).to.not.include('.medplum-dr');
    expect(await readdir(path.join(project, 'reports', id))).to.have.members(['report.html', 'report.json']);
  });

  it('recovers an environment that pulumi up has made, by the same program', async () => {
    const prepared = await javascript(`
      const nothingYet = await plan(options).catch((error) => ({ operator: error instanceof OperatorError, error }));
      const made = await init({ environment: 'example' });
      return { path: await prepareEngine(() => undefined), operator: nothingYet.operator, made: made.files };`);
    const {
      path: folders,
      operator,
      made,
    } = z.object({ path: z.array(z.string()), operator: z.boolean(), made: z.array(z.string()) }).parse(prepared);
    expect(made.map((file) => path.relative(project, file))).to.deep.equal([
      'Pulumi.yaml',
      'stacks/Pulumi.example.yaml',
    ]);
    const environment = {
      ...engineEnvironment(),
      ...workspace.engineEnvironment,
      PATH: [...folders, process.env['PATH']].join(path.delimiter),
    };
    const pulumi = async (...args: string[]): Promise<string> => {
      const ended = await run('pulumi', [...args, '--stack', REHEARSAL_ENVIRONMENT], project, environment);
      expect(ended.exitCode, ended.stdout + ended.stderr).to.equal(0);
      return ended.stdout;
    };
    await pulumi('stack', 'init');
    await pulumi('up', '--yes', '--skip-preview');

    const told = await javascript(`
      const points = async () => (await recoveryPoints(options)).points.filter((point) => point.kind === 'restore-point');
      for (let tries = 0; (await points()).length === 0 && tries < 300; tries++) await new Promise((go) => setTimeout(go, 200));
      const planned = await plan(options);
      const unmade = ['sample-search', 'cache-agrees', 'write-read-back'];
      const run = await recover({ ...options, acceptChecks: unmade });
      const { report, error } = await run.result;
      return { sites: planned.sites, report, message: error === null ? '' : [error.message, ...error.problems].join(' '), status: await status(options) };`);

    const { sites, report, message, status } = z
      .object({
        sites: z.object({ from: z.string(), to: z.string() }),
        report: recoveryReportSchema,
        message: z.string(),
        status: z.object({ active: z.object({ site: z.string() }).nullable(), resolvesTo: z.array(z.string()) }),
      })
      .parse(told);
    expect(operator, 'a plan with no recovery point is refused in words').to.equal(true);
    expect(await readFile(path.join(project, 'medplum-dr.js'), 'utf8')).to.include(
      'node_modules/medplum-dr/dist/index.js'
    );
    expect(message).to.equal('');
    expect(sites).to.deep.equal({ from: 'site-a', to: 'site-b' });
    expect(report).to.include({ mode: 'recovery', scenario: null, result: 'recovered' });
    expect(report.fence.state).to.equal('fenced');
    expect(status).to.deep.equal({ active: { site: 'site-b' }, resolvesTo: ['127.0.0.3'] });
    const endpoint: unknown = JSON.parse(await pulumi('stack', 'output', 'endpoint', '--json'));
    expect(endpoint).to.include({ site: 'site-b', address: '127.0.0.3' });
    expect(await processesNaming(path.join(workspace.sites.primary, REHEARSAL_ENVIRONMENT, 'database'))).to.deep.equal(
      []
    );
  });
});
