import { expect } from 'chai';
import { ownProgram } from '../../components/package-root';
import type { Recording } from '../support/pulumi-mocks';
import { expectLayer, expectPosture, settingsOf } from './layer-expectations';
import {
  committedConfig,
  onUpdateAndPreview,
  recordEnvironment,
  recoveryConfig,
  SITE_A,
  SITE_B,
} from './local-environment';

const PRIMARY = `${SITE_A}/local-primary`;
const POSTURE = {
  type: 'medplum-local:index:ObjectStore',
  parent: 'medplum-object-storage',
  protect: true,
  ignoreChanges: ['restoreFrom'],
};

describe('object storage layer of the local platform', () => {
  onUpdateAndPreview((preview) => {
    let primary: Recording;
    let recovery: Recording;
    before(async () => {
      primary = await recordEnvironment(committedConfig(), { preview });
      recovery = await recordEnvironment(recoveryConfig(), { preview, stack: 'recovered' });
    });

    it('is the store and its replication, and tells the store as Medplum writes it', () => {
      const layer = expectLayer(primary, 'medplum-object-storage', 'medplum-dr:local:ObjectStorage', [
        'medplum-object-storage-replication',
        'medplum-object-storage-store',
      ]);
      expect(layer.outputs).to.deep.equal({ binaryStorage: `file:${PRIMARY}/objects` });
    });

    it('protects the store, and never makes it anew because its restore source changed', () => {
      expectPosture(primary.get('medplum-object-storage-store'), { ...POSTURE, provider: 'site-site-a' });
      expectPosture(recovery.get('medplum-object-storage-store'), { ...POSTURE, provider: 'site-site-b' });
    });

    it('starts empty in a primary, and from the copy at its own site in a recovery', () => {
      expect(primary.get('medplum-object-storage-store').inputs).to.deep.equal({
        folder: `${PRIMARY}/objects`,
        restoreFrom: null,
        site: { live: PRIMARY },
      });
      expect(recovery.get('medplum-object-storage-store').inputs).to.deep.equal({
        folder: `${SITE_B}/recovered/objects`,
        restoreFrom: `${SITE_B}/replica/local-primary/objects`,
        site: { live: `${SITE_B}/recovered` },
      });
    });

    it('copies each object to the recovery site', () => {
      const replication = primary.get('medplum-object-storage-replication');
      expectPosture(replication, { parent: 'medplum-object-storage', provider: 'site-site-a' });
      const { environment, ...inputs } = replication.inputs;
      expect(environment).to.have.keys(['MEDPLUM_DR_REPLICATION']);
      expect(inputs).to.deep.equal({
        name: 'object-replication',
        command: ownProgram('components', 'local', 'replication', 'main.js'),
        folder: PRIMARY,
        secretEnvironment: {},
        secretStore: null,
        logFile: `${PRIMARY}/logs/object-replication.log`,
        pidFile: `${PRIMARY}/run/object-replication.pid`,
        ready: { kind: 'started' },
        running: true,
        site: { live: PRIMARY },
      });
      expect(settingsOf(replication, 'MEDPLUM_DR_REPLICATION')).to.deep.equal({
        source: `${PRIMARY}/objects`,
        destination: `${SITE_B}/replica/local-primary/objects`,
        stateFile: `${SITE_B}/replica/local-primary/objects.json`,
      });
    });

    it('replicates nowhere from a recovery, which has no other site', () => {
      expectLayer(recovery, 'medplum-object-storage', 'medplum-dr:local:ObjectStorage', [
        'medplum-object-storage-store',
      ]);
    });
  });
});
