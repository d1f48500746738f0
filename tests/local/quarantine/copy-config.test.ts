import { expect } from 'chai';
import { localSchema } from '../../../components/local/config';
import { copyConfig, copyName } from '../../../components/local/quarantine/copy-config';
import { operatorSettings } from '../../../components/local/quarantine/settings';
import { loadEnvironment } from '../../../components/program';
import { committedConfig, PROJECT, RESTORE } from '../../components/local-environment';

const QUARANTINE = { drill: '20261124-120000-ab12' };
const NAME = 'drill-20261124-120000-ab12.medplum.test';

describe("config of a drill's copy", () => {
  it('is that of a recovery with a name of its own, and the same port', () => {
    const environment = loadEnvironment(committedConfig(), { projectDirectory: PROJECT, stack: 'local-primary' });
    const recovery = environment.recoveryConfig(RESTORE);
    const copy = environment.recoveryConfig(RESTORE, QUARANTINE);
    expect(copy).to.deep.equal({
      ...recovery,
      quarantine: QUARANTINE,
      traffic: { ...(recovery['traffic'] as object), name: NAME },
      application: { ...(recovery['application'] as object), baseUrl: `http://${NAME}:8103/` },
    });
  });

  it('keeps the path of the base URL', () => {
    const values = {
      application: { baseUrl: 'https://fhir.example.com:8443/medplum/' },
      traffic: { name: 'fhir.example.com' },
    };
    expect(copyConfig(values, { drill: 'd1' })['application']).to.deep.equal({
      baseUrl: 'https://drill-d1.fhir.example.com:8443/medplum/',
    });
  });

  it('is named so that DNS would take it', () => {
    expect(copyName('Some_Run.42', 'example.com')).to.equal('drill-some-run-42.example.com');
    expect(copyName('x'.repeat(80), 'example.com')).to.equal(`drill-${'x'.repeat(57)}.example.com`);
    expect(copyName(`${'x'.repeat(56)}--y`, 'example.com')).to.equal(`drill-${'x'.repeat(56)}.example.com`);
    const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(50)}`;
    expect(copyName('20261124-120000-ab12', long)).to.equal(`drill-20261124-1200.${long}`).and.have.length(253);
  });

  it('lets through what the copy itself is, and leaves out what would act or reach', () => {
    const values = committedConfig();
    const config = localSchema.parse({
      ...copyConfig(values, QUARANTINE),
      application: {
        ...(copyConfig(values, QUARANTINE)['application'] as object),
        environment: {
          MEDPLUM_APP_BASE_URL: 'http://app.medplum.test/',
          MEDPLUM_VM_CONTEXT_BOTS_ENABLED: 'true',
          NODE_OPTIONS: '--max-old-space-size=512',
        },
        secretEnvironment: {
          MEDPLUM_SMTP_PASSWORD: 'smtpPassword',
          MEDPLUM_RECAPTCHA_SECRET_KEY: 'recaptcha',
          NODE_OPTIONS: 'odd',
          MEDPLUM_DR_QUARANTINE: 'odd',
        },
      },
    });
    const { environment, secretEnvironment } = operatorSettings(config, { live: '/live' });
    const { NODE_OPTIONS, MEDPLUM_DR_QUARANTINE, ...others } = environment;
    expect(others).to.deep.equal({
      MEDPLUM_APP_BASE_URL: 'http://app.medplum.test/',
      MEDPLUM_EMAIL_PROVIDER: 'none',
      MEDPLUM_AUTO_DOWNLOAD_ENABLED: '',
      MEDPLUM_WORKERS_ENABLED: '[]',
    });
    expect(NODE_OPTIONS).to.match(
      /^--require ".*\/dist\/components\/local\/quarantine\/gate\.js" --max-old-space-size=512$/
    );
    expect(JSON.parse(MEDPLUM_DR_QUARANTINE ?? '')).to.deep.equal({
      file: '/live/quarantine.jsonl',
      allow: ['127.0.0.2:15432', '127.0.0.2:16379', '127.0.0.1:18103', '127.0.0.2:8103'],
      names: { [NAME]: '127.0.0.2' },
    });
    expect(secretEnvironment).to.deep.equal({ MEDPLUM_RECAPTCHA_SECRET_KEY: 'recaptcha' });
  });

  it('leaves the settings of any other site as they are', () => {
    const config = localSchema.parse(committedConfig());
    const { environment, secretEnvironment } = operatorSettings(config, { live: '/live' });
    expect({ environment, secretEnvironment }).to.deep.equal({ environment: {}, secretEnvironment: {} });
  });
});
