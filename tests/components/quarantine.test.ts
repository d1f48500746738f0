import { expect } from 'chai';
import { loadEnvironment } from '../../components/program';
import { committedConfig, PROJECT, recordEnvironment, RESTORE } from './local-environment';

describe("application layer of a drill's copy", () => {
  it('is the same server behind the gate, under a name of its own', async () => {
    const environment = loadEnvironment(committedConfig(), { projectDirectory: PROJECT, stack: 'local-primary' });
    const copy = environment.recoveryConfig(RESTORE, { drill: 'd1' });
    const recording = await recordEnvironment(copy, { stack: 'local-primary-d1' });
    const settings = recording.get('medplum-application-server').inputs['environment'] as Record<string, string>;
    expect(settings).to.include({
      MEDPLUM_BASE_URL: 'http://drill-d1.medplum.test:8103/',
      MEDPLUM_DATABASE_HOST: '127.0.0.3',
      MEDPLUM_EMAIL_PROVIDER: 'none',
    });
    expect(settings['NODE_OPTIONS']).to.match(/^--require ".*gate\.js"$/);
    expect(settings['MEDPLUM_DR_QUARANTINE']).to.include('/site-b/local-primary-d1/quarantine.jsonl');
    expect(settings['MEDPLUM_DR_QUARANTINE']).to.not.include('127.0.0.2');
  });

  it('makes no name server, record or monitoring', async () => {
    const environment = loadEnvironment(committedConfig(), { projectDirectory: PROJECT, stack: 'local-primary' });
    const copy = environment.recoveryConfig(RESTORE, { drill: 'd1' });
    const recording = await recordEnvironment(copy, { stack: 'local-primary-d1' });
    const outside = recording.all.filter(({ name }) => /traffic|monitoring|watcher/.test(name));
    expect(outside.map(({ name }) => name)).to.deep.equal([]);
  });
});
