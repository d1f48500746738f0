import { expect } from 'chai';
import { Environment } from '../../components/environment';
import { loadEnvironment } from '../../components/program';
import type { Recording } from '../support/pulumi-mocks';
import {
  ACTIVE_AT_B,
  committedConfig,
  onUpdateAndPreview,
  PROJECT,
  recordEnvironment,
  recordWithConfig,
  recoveryConfig,
  SECRET_VALUE,
  SITE_A,
} from './local-environment';

const LAYERS = ['application', 'cache', 'database', 'network', 'object-storage', 'secrets'];
const DATABASE = 'medplum-database-postgresql';
const AT_SITE = 'site-site-a';

/** Names of the resource and of everything it hangs below. */
function lineage(recording: Recording, name: string): string[] {
  const { parent } = recording.get(name);
  return parent === null ? [name] : [name, ...lineage(recording, parent)];
}

describe('environment', () => {
  onUpdateAndPreview((preview, known) => {
    let primary: Recording;
    let fenced: Recording;
    let recovery: Recording;
    // None of these may invoke a function of a provider: recording one is refused.
    before(async () => {
      primary = await recordEnvironment(committedConfig(), { preview });
      fenced = await recordEnvironment({ ...committedConfig(), activeEndpoint: ACTIVE_AT_B }, { preview });
      recovery = await recordEnvironment(recoveryConfig(), { preview, stack: 'recovered' });
    });

    it('is the one component of the stack, with eight layers in a primary', () => {
      const environment = primary.get('medplum');
      expect(environment.type).to.equal('medplum-dr:index:Environment');
      const roots = primary.all.filter(({ parent, type }) => parent === null && !type.startsWith('pulumi:providers:'));
      expect(roots).to.deep.equal([environment]);
      expect(primary.childrenOf('medplum').map(({ name }) => name)).to.deep.equal(
        [...LAYERS, 'monitoring', 'traffic'].map((layer) => `medplum-${layer}`).sort()
      );
    });

    it('has neither traffic nor monitoring in a recovery, nor a provider of what lies outside', () => {
      expect(recovery.childrenOf('medplum').map(({ name }) => name)).to.deep.equal(
        LAYERS.map((layer) => `medplum-${layer}`)
      );
      const providers = recovery.all.filter(({ type }) => type.startsWith('pulumi:providers:'));
      expect(providers.map(({ name }) => name)).to.deep.equal(['site-site-b']);
      expect(recovery.get('medplum').outputs).to.deep.include({ endpoint: null });
    });

    it('gives every resource of the platform an explicit provider', () => {
      for (const recording of [primary, fenced, recovery]) {
        const resources = recording.all.filter(({ type }) => type.startsWith('medplum-local:'));
        expect(resources).not.to.be.empty;
        expect(resources.filter(({ provider }) => provider === null)).to.deep.equal([]);
      }
    });

    it('protects exactly what holds data', () => {
      const names = primary.all.filter(({ protect }) => protect).map(({ name }) => name);
      expect(names).to.deep.equal([
        DATABASE,
        'medplum-network-site',
        'medplum-object-storage-store',
        'medplum-secrets-store',
        'medplum-traffic-record',
      ]);
    });

    it('registers what the driver reads', () => {
      expect(primary.get('medplum').outputs).to.deep.equal({
        siteEndpoint: known({ address: '127.0.0.2', port: 8103 }),
        endpoint: known({ name: 'medplum.test', address: '127.0.0.2', port: 8103, site: 'site-a' }),
        database: known({
          host: '127.0.0.2',
          port: 15432,
          name: 'medplum',
          username: 'medplum',
          passwordSecret: 'databasePassword',
          restoredFrom: null,
        }),
        cache: known({ host: '127.0.0.2', port: 16379, passwordSecret: 'cachePassword' }),
        binaryStorage: `file:${SITE_A}/local-primary/objects`,
        secretsLocation: `${SITE_A}/local-primary/secrets/store.json`,
      });
    });

    it('keeps a site that traffic has left stopped, and what lies outside running', () => {
      const running = fenced.all.filter(({ inputs }) => 'running' in inputs);
      const state = Object.fromEntries(running.map(({ name, inputs }) => [name, inputs['running']]));
      expect(state).to.deep.equal({
        'medplum-application-load-balancer': false,
        'medplum-application-server': false,
        'medplum-cache-redis': false,
        'medplum-database-backup-agent': false,
        'medplum-database-postgresql': false,
        'medplum-object-storage-replication': false,
        'medplum-monitoring-watcher': true,
        'medplum-traffic-name-server': true,
      });
    });

    it('needs nothing of a lost site for what lies outside', () => {
      const outside = fenced.all.filter(({ provider }) => provider === 'outside');
      expect(outside.map(({ name }) => name)).to.include('medplum-traffic-record');
      for (const { name } of outside) {
        const needed = [...fenced.waitsFor(name)];
        expect(needed, name).not.to.include(AT_SITE);
        expect(
          needed.filter((other) => fenced.get(other).provider === AT_SITE),
          name
        ).to.deep.equal([]);
      }
    });

    it('serves again once the active endpoint names its own stack', async () => {
      const place = { site: 'site-a', stack: 'local-primary', address: '127.0.0.2' };
      const activeEndpoint = { ...ACTIVE_AT_B, ...place, generation: 2 };
      const back = await recordEnvironment({ ...committedConfig(), activeEndpoint }, { preview });
      expect(back.get(DATABASE).inputs).to.include({ running: true });
      expect(back.get('medplum-traffic-record').inputs).to.include({ address: '127.0.0.2', generation: 2 });
    });
  });

  describe('of a primary whose site is left or removed', () => {
    it('stays stopped when another stack serves from its own site', async () => {
      const activeEndpoint = { ...ACTIVE_AT_B, site: 'site-a', address: '127.0.0.2', generation: 2 };
      const left = await recordEnvironment({ ...committedConfig(), activeEndpoint });
      expect(left.get(DATABASE).inputs).to.include({ running: false });
    });

    it('is started all the same while a rollback brings it back, and traffic is not moved by that', async () => {
      const config = { ...committedConfig(), activeEndpoint: ACTIVE_AT_B, startDespite: { generation: 1 } };
      const started = await recordEnvironment(config);
      expect(started.get(DATABASE).inputs).to.include({ running: true });
      expect(started.get('medplum-traffic-record').inputs).to.include({ address: ACTIVE_AT_B.address });
    });

    it('is the front alone once its site is removed', async () => {
      const config = { ...committedConfig(), activeEndpoint: ACTIVE_AT_B, siteRemoved: { at: ACTIVE_AT_B.since } };
      const front = await recordEnvironment(config);
      expect(front.get('medplum-traffic-record').inputs).to.include({ address: ACTIVE_AT_B.address });
      expect(front.all.filter(({ provider }) => provider === AT_SITE)).to.deep.equal([]);
    });
  });

  // On an update only: a first preview does not know yet what an unknown value will come from.
  describe('of a recovery', () => {
    let recovery: Recording;
    before(async () => {
      recovery = await recordEnvironment(recoveryConfig(), { stack: 'recovered' });
    });

    it('lets nothing but the application wait for the database', () => {
      const waiting = recovery.all.filter(({ name }) => recovery.waitsFor(name).has(DATABASE)).map(({ name }) => name);
      expect(waiting).to.include('medplum-application-server');
      for (const name of waiting) {
        expect(lineage(recovery, name)).to.include('medplum-application');
      }
    });

    it('starts the server after everything it needs', () => {
      expect([...recovery.waitsFor('medplum-application-server')]).to.include.members([
        DATABASE,
        'medplum-cache-redis',
        'medplum-network-site',
        'medplum-object-storage-store',
        'medplum-secrets-store',
      ]);
    });
  });

  it('makes secrets of values that come in clear', async () => {
    const loaded = loadEnvironment(committedConfig(), { projectDirectory: PROJECT, stack: 'local-primary' });
    const { config, site } = loaded;
    const secrets = { verificationClientSecret: SECRET_VALUE };
    const recording = await recordWithConfig(
      () => new Environment('medplum', { config, site, stack: 'local-primary', layers: loaded.layers(), secrets }),
      {}
    );
    expect(recording.get('medplum-secrets-store').inputs['values']).to.deep.equal({ secret: secrets });
  });
});
