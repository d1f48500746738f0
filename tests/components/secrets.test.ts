import { expect } from 'chai';
import type { Recording } from '../support/pulumi-mocks';
import { expectLayer, expectPosture } from './layer-expectations';
import {
  committedConfig,
  onUpdateAndPreview,
  OUTSIDE,
  recordEnvironment,
  recoveryConfig,
  SECRET_VALUE,
  SITE_A,
  SITE_B,
} from './local-environment';

const GENERATE = {
  databasePassword: 'password',
  cachePassword: 'password',
  superAdminClientId: 'uuid',
  superAdminClientSecret: 'password',
};

describe('secrets layer of the local platform', () => {
  const withSecret = { secrets: { verificationClientSecret: SECRET_VALUE } };

  onUpdateAndPreview((preview) => {
    let primary: Recording;
    let recovery: Recording;
    before(async () => {
      primary = await recordEnvironment({ ...committedConfig(), ...withSecret }, { preview });
      recovery = await recordEnvironment({ ...recoveryConfig(), ...withSecret }, { preview, stack: 'recovered' });
    });

    it('is one component with the store below it', () => {
      const layer = expectLayer(primary, 'medplum-secrets', 'medplum-dr:local:Secrets', ['medplum-secrets-store']);
      expect(layer.outputs).to.deep.equal({ location: `${SITE_A}/local-primary/secrets/store.json` });
    });

    it('protects the store, and never makes it anew because its restore source changed', () => {
      const posture = { type: 'medplum-local:index:SecretStore', parent: 'medplum-secrets', protect: true };
      expectPosture(primary.get('medplum-secrets-store'), {
        ...posture,
        provider: 'site-site-a',
        ignoreChanges: ['restoreFrom'],
      });
      expectPosture(recovery.get('medplum-secrets-store'), {
        ...posture,
        provider: 'site-site-b',
        ignoreChanges: ['restoreFrom'],
      });
    });

    it('keeps a copy of the store at the recovery site', () => {
      expect(primary.get('medplum-secrets-store').inputs).to.deep.equal({
        storeFile: `${SITE_A}/local-primary/secrets/store.json`,
        keyFile: `${OUTSIDE}/keys/secrets.key`,
        generate: GENERATE,
        values: { secret: { verificationClientSecret: SECRET_VALUE } },
        replicaFile: `${SITE_B}/replica/local-primary/secrets.json`,
        restoreFrom: null,
        site: { live: `${SITE_A}/local-primary` },
      });
    });

    it('is restored from the copy that lies at its own site', () => {
      expect(recovery.get('medplum-secrets-store').inputs).to.deep.equal({
        storeFile: `${SITE_B}/recovered/secrets/store.json`,
        keyFile: `${OUTSIDE}/keys/secrets.key`,
        generate: GENERATE,
        values: { secret: { verificationClientSecret: SECRET_VALUE } },
        replicaFile: null,
        restoreFrom: `${SITE_B}/replica/local-primary/secrets.json`,
        site: { live: `${SITE_B}/recovered` },
      });
    });

    it('hands a value to no resource but the store, and there as a secret', () => {
      for (const recording of [primary, recovery]) {
        const clear = JSON.stringify(recording.all.map(withoutSecrets));
        expect(clear).not.to.include(SECRET_VALUE);
        const holders = recording.all.filter((each) => JSON.stringify(each).includes(SECRET_VALUE));
        expect(holders.map(({ name }) => name)).to.deep.equal(['medplum-secrets-store']);
      }
    });
  });
});

/** A registration as anyone who reads the state without its key would see it. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(withoutSecrets);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const entries = Object.entries(value);
  const sealed = entries.length === 1 && entries[0]?.[0] === 'secret';
  return sealed ? '<secret>' : Object.fromEntries(entries.map(([key, inner]) => [key, withoutSecrets(inner)]));
}
