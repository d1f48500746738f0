import { expect } from 'chai';
import { QUARANTINE_SETTINGS, withoutForbidden } from '../../medplum/quarantine';

describe('settings of a quarantined Medplum', () => {
  it('leave out what sends, runs bots, or names a place or an issuer of production', () => {
    const forbidden = [
      'MEDPLUM_EMAIL_PROVIDER',
      'MEDPLUM_SMTP',
      'MEDPLUM_SMTP_HOST',
      'MEDPLUM_VM_CONTEXT_BOTS_ENABLED',
      'MEDPLUM_BOT_LAMBDA_ROLE_ARN',
      'MEDPLUM_BOT_LAMBDA_LAYER_NAME',
      'MEDPLUM_FISSION_ROUTER_HOST',
      'MEDPLUM_PRE_COMMIT_SUBSCRIPTIONS_ENABLED',
      'MEDPLUM_AUTO_DOWNLOAD_ENABLED',
      'MEDPLUM_WORKERS_ENABLED',
      'MEDPLUM_ISSUER',
      'MEDPLUM_BASE_URL',
      'MEDPLUM_DATABASE_HOST',
      'MEDPLUM_BACKGROUND_JOBS_REDIS_HOST',
      'MEDPLUM_BINARY_STORAGE',
    ];
    expect(withoutForbidden(Object.fromEntries(forbidden.map((name) => [name, 'false'])))).to.deep.equal({});
  });

  it('leave the rest, however alike the names are', () => {
    const kept = {
      MEDPLUM_APP_BASE_URL: 'https://app.example.com/',
      MEDPLUM_BASE_URL_NOTE: 'x',
      MEDPLUM_DATABASE_MAX_CONNECTIONS: '50',
      MEDPLUM_DATABASE_SSL: '{}',
      MEDPLUM_REDIS_TLS: '{}',
      MEDPLUM_SIGNING_KEY_ID: 'k1',
      SMTP_HOST: 'of another program',
    };
    expect(withoutForbidden(kept)).to.deep.equal(kept);
  });

  it('switch off what is on unless it is told otherwise, in the way that Medplum reads text', () => {
    // `autoDownloadEnabled ??= true`, then `if (!autoDownloadEnabled)`: of all texts only the empty one is off.
    const autoDownload = QUARANTINE_SETTINGS['MEDPLUM_AUTO_DOWNLOAD_ENABLED'] ?? true;
    expect(Boolean(autoDownload)).to.equal(false);
    expect(QUARANTINE_SETTINGS).to.include({ MEDPLUM_EMAIL_PROVIDER: 'none' });
  });
});
