import { expect } from 'chai';
import { ownProgram } from '../../components/package-root';
import type { Recording } from '../support/pulumi-mocks';
import { expectLayer, expectPosture, settingsOf } from './layer-expectations';
import {
  committedConfig,
  onUpdateAndPreview,
  OUTSIDE,
  recordEnvironment,
  recoveryConfig,
  SITE_A,
} from './local-environment';

const PRIMARY = `${SITE_A}/local-primary`;
const ENVIRONMENT = {
  NODE_ENV: 'production',
  MEDPLUM_PORT: '18103',
  MEDPLUM_BASE_URL: 'http://medplum.test:8103/',
  MEDPLUM_DATABASE_HOST: '127.0.0.2',
  MEDPLUM_DATABASE_PORT: '15432',
  MEDPLUM_DATABASE_DBNAME: 'medplum',
  MEDPLUM_DATABASE_USERNAME: 'medplum',
  MEDPLUM_BINARY_STORAGE: `file:${PRIMARY}/objects`,
};
const SECRET_ENVIRONMENT = {
  MEDPLUM_DATABASE_PASSWORD: 'databasePassword',
  MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_ID: 'superAdminClientId',
  MEDPLUM_DEFAULT_SUPER_ADMIN_CLIENT_SECRET: 'superAdminClientSecret',
};

describe('application layer of the local platform', () => {
  onUpdateAndPreview((preview, known) => {
    let recording: Recording;
    before(async () => {
      recording = await recordEnvironment(committedConfig(), { preview });
    });

    it('is the server and the load balancer in front of it', () => {
      const layer = expectLayer(recording, 'medplum-application', 'medplum-dr:local:Application', [
        'medplum-application-load-balancer',
        'medplum-application-server',
      ]);
      expect(layer.outputs).to.deep.equal({ endpoint: known({ address: '127.0.0.2', port: 8103 }) });
    });

    it('configures the server by the names Medplum has, with secrets by name only', () => {
      const server = recording.get('medplum-application-server');
      expectPosture(server, {
        parent: 'medplum-application',
        provider: 'site-site-a',
        // A real server migrates its database before it answers.
        customTimeouts: { create: '30m', update: '30m', delete: '' },
      });
      expect(server.inputs).to.deep.equal({
        name: 'application',
        command: [...ownProgram('stand-in', 'main.js'), 'env'],
        folder: PRIMARY,
        environment: known({ ...ENVIRONMENT, MEDPLUM_REDIS_HOST: '127.0.0.2', MEDPLUM_REDIS_PORT: '16379' }),
        secretEnvironment: known({ ...SECRET_ENVIRONMENT, MEDPLUM_REDIS_PASSWORD: 'cachePassword' }),
        secretStore: { storeFile: `${PRIMARY}/secrets/store.json`, keyFile: `${OUTSIDE}/keys/secrets.key` },
        logFile: `${PRIMARY}/logs/application.log`,
        pidFile: `${PRIMARY}/run/application.pid`,
        ready: { kind: 'http', url: 'http://127.0.0.1:18103/healthcheck', timeoutSeconds: 120 },
        running: true,
        site: { live: PRIMARY },
      });
    });

    it('answers at the address of the site', () => {
      const balancer = recording.get('medplum-application-load-balancer');
      expectPosture(balancer, { parent: 'medplum-application', provider: 'site-site-a' });
      const { environment, ...inputs } = balancer.inputs;
      expect(environment).to.have.keys(['MEDPLUM_DR_LOAD_BALANCER']);
      expect(inputs).to.deep.equal({
        name: 'load-balancer',
        command: ownProgram('components', 'local', 'load-balancer', 'main.js'),
        folder: PRIMARY,
        secretEnvironment: {},
        secretStore: null,
        logFile: `${PRIMARY}/logs/load-balancer.log`,
        pidFile: `${PRIMARY}/run/load-balancer.pid`,
        ready: { kind: 'tcp', address: '127.0.0.2', port: 8103, timeoutSeconds: 10 },
        running: true,
        site: { live: PRIMARY },
      });
      expect(settingsOf(balancer, 'MEDPLUM_DR_LOAD_BALANCER')).to.deep.equal({
        listen: { address: '127.0.0.2', port: 8103 },
        target: { address: '127.0.0.1', port: 18103 },
        guard: {
          name: 'medplum.test',
          server: { address: '127.0.0.1', port: 15353 },
          stack: 'local-primary',
          since: 0,
          live: PRIMARY,
        },
      });
    });

    it('stands guard against cutovers that the site was not started in the knowledge of', async () => {
      const guardOf = async (config: Record<string, unknown>): Promise<unknown> => {
        const recorded = await recordEnvironment(config, { preview, stack: 'recovered' });
        const balancer = recorded.get('medplum-application-load-balancer');
        return (settingsOf(balancer, 'MEDPLUM_DR_LOAD_BALANCER') as { guard: unknown }).guard;
      };
      const recovery = recoveryConfig();
      const restore = { ...(recovery['restore'] as object), generation: 4 };

      expect(await guardOf({ ...recovery, restore })).to.include({ stack: 'recovered', since: 4 });
      expect(await guardOf({ ...recovery, restore, startDespite: { generation: 6 } })).to.include({ since: 6 });
      expect(await guardOf({ ...recovery, restore, quarantine: { drill: 'd-1' } })).to.equal(null);
    });

    it('names no Redis where there is none', async () => {
      const { inputs } = (await recordEnvironment(committedConfig(), { preview, redis: false })).get(
        'medplum-application-server'
      );
      expect(inputs['environment']).to.deep.equal(ENVIRONMENT);
      expect(inputs['secretEnvironment']).to.deep.equal(SECRET_ENVIRONMENT);
    });

    it('leaves the data of a recovery as it was found: no migration runs after the start', async () => {
      const recovery = await recordEnvironment(recoveryConfig(), { preview, redis: false, stack: 'recovered' });
      const environment = recovery.get('medplum-application-server').inputs['environment'];
      expect(environment).to.include({ MEDPLUM_DATABASE_DISABLE_RUN_POST_DEPLOY_MIGRATIONS: 'true' });
      expect(environment).to.include({ MEDPLUM_BASE_URL: 'http://medplum.test:8103/', MEDPLUM_PORT: '18104' });
    });
  });

  it('runs a real server by config alone, and its own settings win', async () => {
    const config = committedConfig();
    const { inputs } = (
      await recordEnvironment({
        ...config,
        application: {
          ...(config['application'] as object),
          command: ['node', 'dist/index.js', 'env'],
          folder: '/opt/medplum/packages/server',
          environment: { MEDPLUM_APP_BASE_URL: 'http://app.medplum.test:3000/', NODE_ENV: 'test' },
          secretEnvironment: { MEDPLUM_SIGNING_KEY_PASSPHRASE: 'signingKeyPassphrase' },
        },
      })
    ).get('medplum-application-server');
    expect(inputs).to.deep.include({
      command: ['node', 'dist/index.js', 'env'],
      folder: '/opt/medplum/packages/server',
    });
    expect(inputs['environment']).to.deep.include({
      ...ENVIRONMENT,
      MEDPLUM_APP_BASE_URL: 'http://app.medplum.test:3000/',
      NODE_ENV: 'test',
    });
    expect(inputs['secretEnvironment']).to.include({
      ...SECRET_ENVIRONMENT,
      MEDPLUM_SIGNING_KEY_PASSPHRASE: 'signingKeyPassphrase',
    });
  });
});
