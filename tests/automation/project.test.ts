import { expect } from 'chai';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import {
  openOwnProject,
  openProject,
  readStackConfig,
  removeStackConfig,
  stackNames,
  writeMissingSettings,
  writeStackConfig,
} from '../../automation/stacks/project';
import { OperatorError } from '../../components/errors';

const CONFIG = `# The clinic's environment.
config:
  medplum-dr:platform: local # the only one yet
  other:key: kept
  # What a recovery is measured against.
  medplum-dr:objectives: { rto: 5m, rpo: 1m }
  medplum-dr:secrets:
    token:
      secure: v1:sealed
encryptionsalt: v1:salt
`;

async function failureOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => null,
    (error: unknown) => error
  );
}

describe('project', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-project-'));
    await mkdir(path.join(folder, 'stacks'));
    await writeFile(path.join(folder, 'stacks', 'Pulumi.clinic.yaml'), CONFIG);
    await writeFile(path.join(folder, 'stacks', 'Pulumi.surgery.yaml'), CONFIG);
    await writeFile(path.join(folder, 'stacks', 'notes.txt'), '');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const file = (): string => path.join(folder, 'stacks', 'Pulumi.clinic.yaml');

  it('of a folder with stacks alone is opened without writing, and gets its settings when they are needed', async () => {
    const project = await openOwnProject(folder);

    expect(project).to.include({ name: 'medplum-dr', stackConfigDirectory: path.join(folder, 'stacks') });
    expect(await readdir(folder)).to.deep.equal(['stacks']);

    await writeMissingSettings(project);
    expect(await openProject(folder)).to.deep.equal(project);
    // Its own folder: the language host runs a program in the folder that it lies in.
    const settings = await readFile(path.join(folder, 'Pulumi.yaml'), 'utf8');
    expect(settings).to.match(/^main: medplum-dr\.js$/m);
    expect(await readFile(path.join(folder, 'medplum-dr.js'), 'utf8')).to.include('dist/index.js');
  });

  it('keeps the settings that it has', async () => {
    await writeFile(path.join(folder, 'Pulumi.yaml'), 'name: ours\nruntime: nodejs\nstackConfigDir: stacks\n');

    const project = await openOwnProject(folder);
    await writeMissingSettings(project);

    expect(project.name).to.equal('ours');
    expect(await readFile(path.join(folder, 'Pulumi.yaml'), 'utf8')).to.match(/^name: ours/);
  });

  it('is not any folder', async () => {
    const error = await failureOf(openOwnProject(path.join(folder, 'stacks')));

    expect(error).to.be.instanceOf(OperatorError).with.property('message').that.includes('has no Pulumi.yaml');
  });

  it('lists its stacks and reads the config of one, secrets sealed', async () => {
    const project = await openOwnProject(folder);

    expect(await stackNames(project)).to.deep.equal(['clinic', 'surgery']);
    expect(await readStackConfig(project, 'clinic')).to.deep.equal({
      platform: 'local',
      objectives: { rto: '5m', rpo: '1m' },
      secrets: { token: { secure: 'v1:sealed' } },
    });
  });

  it('names an unknown environment, those there are, and the one that was meant', async () => {
    const error = await failureOf(readStackConfig(await openOwnProject(folder), 'clinc'));

    expect(error).to.be.instanceOf(OperatorError).with.property('kind', 'bad-input');
    expect(error)
      .to.have.property('message')
      .that.includes('"clinc" is unknown')
      .and.includes('Did you mean "clinic"?');
    expect(error).to.have.property('hint', 'There are: clinic, surgery.');
  });

  it('writes keys and leaves everything else as it is: comments, order, other keys', async () => {
    const project = await openOwnProject(folder);
    const since = '2026-11-24T00:00:00.000Z';

    await writeStackConfig(project, 'clinic', { activeEndpoint: { port: 8103, since }, platform: 'aws' });

    const text = await readFile(file(), 'utf8');
    const kept = CONFIG.split('\n').filter((line) => !line.includes('platform'));
    expect(text.split('\n')).to.include.members(kept);
    expect(text).to.match(/medplum-dr:platform: "?aws"? # the only one yet/);
    const config = (parse(text) as { config: Record<string, unknown> }).config;
    expect(Object.keys(config)).to.deep.equal([
      'medplum-dr:platform',
      'other:key',
      'medplum-dr:objectives',
      'medplum-dr:secrets',
      'medplum-dr:activeEndpoint',
    ]);
    // The engine's own reader would take a bare instant for a timestamp.
    expect(text).to.include(`since: "${since}"`);

    await removeStackConfig(project, 'clinic', 'activeEndpoint');
    expect((await readFile(file(), 'utf8')).split('\n'))
      .to.include.members(kept)
      .and.not.include('activeEndpoint');
    expect(await readStackConfig(project, 'clinic')).not.to.have.property('activeEndpoint');
    expect(await readdir(path.join(folder, 'stacks'))).to.have.members([
      'Pulumi.clinic.yaml',
      'Pulumi.surgery.yaml',
      'notes.txt',
    ]);
  });

  it('makes the file of a new stack, with a comment on what it is', async () => {
    const project = await openOwnProject(folder);

    await writeStackConfig(project, 'copy', { platform: 'local' }, ' Recovery of clinic.');

    expect(await readFile(path.join(folder, 'stacks', 'Pulumi.copy.yaml'), 'utf8')).to.match(/^# Recovery of clinic\./);
    expect(await readStackConfig(project, 'copy')).to.deep.equal({ platform: 'local' });
  });
});
