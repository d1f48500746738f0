import { expect } from 'chai';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { initLocal } from '../../automation/init/local';
import { openEnvironment, openProject } from '../../automation/stacks/project';
import { OperatorError } from '../../components/errors';

describe('init local', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-init-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('writes a config that is sound, under the name that was asked for, and the settings of the project', async () => {
    const { files } = await initLocal(folder, 'clinic');

    expect(files).to.deep.equal([path.join(folder, 'Pulumi.yaml'), path.join(folder, 'stacks', 'Pulumi.clinic.yaml')]);
    const environment = await openEnvironment(await openProject(folder), 'clinic');
    expect(environment).to.include({ site: 'site-a', recoverySite: 'site-b' });
    expect(await readFile(files[1]!, 'utf8'))
      .to.include('# ')
      .and.not.include('local-primary');
    expect(parse(await readFile(files[0]!, 'utf8'))).to.include({ name: 'medplum-dr', stackConfigDir: 'stacks' });
  });

  it('changes nothing that is there', async () => {
    await writeFile(path.join(folder, 'Pulumi.yaml'), 'name: mine\nstackConfigDir: stacks\n');
    await initLocal(folder, 'clinic');

    const error = await initLocal(folder, 'clinic').catch((thrown: unknown) => thrown);

    expect(error).to.be.instanceOf(OperatorError).and.include({ kind: 'bad-input' });
    expect(await readFile(path.join(folder, 'Pulumi.yaml'), 'utf8')).to.equal('name: mine\nstackConfigDir: stacks\n');
  });

  it('makes nothing for a name that is none', async () => {
    const error = await initLocal(folder, 'My Clinic').catch((thrown: unknown) => thrown);

    expect(error).to.be.instanceOf(OperatorError).and.include({ kind: 'bad-input' });
    expect(await readdir(folder)).to.deep.equal([]);
  });
});
