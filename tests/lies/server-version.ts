import { expect } from 'chai';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { resolved } from '../drill/places';
import { changeConfig } from './change-config';
import type { LostEnvironment } from './lost-environment';
import { recover, told } from './recover';

export function serverOfAnotherVersion(lost: () => LostEnvironment, newId: () => string): void {
  for (const version of ['5.0.9', '5.0.11']) {
    it(`a config that names version ${version} for data of 5.0.10`, async () => {
      await changeConfig(lost(), 'application', { version });

      const { exitCode, stdout, stderr } = await lost().run('recover', NAME);

      expect(exitCode, stdout).to.equal(3);
      expect(stderr)
        .to.include('Medplum 5.0.10-standin wrote the data of this recovery point')
        .and.include(`medplum-dr:application.version is ${version}; nothing was made.`)
        .and.include('Set application.version, and the server it names, to 5.0.10-standin')
        .and.include('--accept-check server-version');
    });
  }

  it('a server one version older than its config says, which starts without a word', async () => {
    await changeConfig(lost(), 'application', {
      environment: { MEDPLUM_STANDIN_VERSION: '5.0.9-standin', MEDPLUM_STANDIN_MIGRATIONS: '99,30' },
    });

    const ran = await recover(lost(), { id: newId() });

    expect(ran.result).to.equal('failed');
    expect(ran.checks).to.include({
      'schema-version': 'passed',
      'health-endpoint': 'passed',
      'server-version': 'failed',
    });
    expect(told(ran))
      .to.include('5.0.9-standin runs; 5.0.10-standin wrote the data')
      .and.include('Have medplum-dr:application name that server, then abort this run and recover anew');
    expect(await resolved(lost().config), 'traffic').to.deep.equal([lost().config.site.address]);
  });

  it('a server one version newer than its config says, which moves the schema on as it starts', async () => {
    await changeConfig(lost(), 'application', {
      environment: { MEDPLUM_STANDIN_VERSION: '5.0.11-standin', MEDPLUM_STANDIN_MIGRATIONS: '101,31' },
    });

    const ran = await recover(lost(), { id: newId() });

    expect(ran.result).to.equal('failed');
    expect(ran.checks).to.include({ 'schema-version': 'failed' });
    expect(told(ran))
      .to.include('recorded version 100, data version 31; restored version 101, data version 31')
      .and.include('has moved its schema on. Have medplum-dr:application name the old one');
    expect(await resolved(lost().config), 'traffic').to.deep.equal([lost().config.site.address]);
  });
}
