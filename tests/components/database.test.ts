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
  RESTORE,
  SITE_A,
  SITE_B,
} from './local-environment';

const PRIMARY = `${SITE_A}/local-primary`;
const RECOVERED = `${SITE_B}/recovered`;
const POSTURE = {
  type: 'medplum-local:index:Postgresql',
  parent: 'medplum-database',
  protect: true,
  ignoreChanges: ['restore'],
  // A restore copies and replays the whole database: the engine must not give up on it.
  customTimeouts: { create: '6h', update: '30m', delete: '10m' },
};

describe('database layer of the local platform', () => {
  onUpdateAndPreview((preview, known) => {
    let primary: Recording;
    let recovery: Recording;
    before(async () => {
      primary = await recordEnvironment(committedConfig(), { preview });
      recovery = await recordEnvironment(recoveryConfig(), { preview, stack: 'recovered' });
    });

    it('is PostgreSQL and the agent that backs it up', () => {
      const layer = expectLayer(primary, 'medplum-database', 'medplum-dr:local:Database', [
        'medplum-database-backup-agent',
        'medplum-database-postgresql',
      ]);
      expect(layer.outputs).to.deep.equal({
        host: '127.0.0.2',
        port: 15432,
        databaseName: 'medplum',
        username: 'medplum',
        passwordSecret: 'databasePassword',
        restoredFrom: known(null),
      });
    });

    it('protects PostgreSQL, and never makes it anew because its restore source changed', () => {
      expectPosture(primary.get('medplum-database-postgresql'), { ...POSTURE, provider: 'site-site-a' });
      expectPosture(recovery.get('medplum-database-postgresql'), { ...POSTURE, provider: 'site-site-b' });
    });

    it('ships the log of a primary to the recovery site', () => {
      expect(primary.get('medplum-database-postgresql').inputs).to.deep.equal({
        dataDirectory: `${PRIMARY}/database`,
        logFile: `${PRIMARY}/logs/postgresql.log`,
        address: '127.0.0.2',
        port: 15432,
        username: 'medplum',
        databaseName: 'medplum',
        passwordSecret: 'databasePassword',
        secretStore: { storeFile: `${PRIMARY}/secrets/store.json`, keyFile: `${OUTSIDE}/keys/secrets.key` },
        archive: { directory: `${SITE_B}/replica/local-primary/wal`, timeoutSeconds: 5 },
        restore: null,
        running: true,
        site: { live: PRIMARY },
      });
    });

    it('restores a recovery from the source that the driver chose, and ships no log where there is no other site', () => {
      const { inputs } = recovery.get('medplum-database-postgresql');
      expect(inputs).to.deep.include({
        dataDirectory: `${RECOVERED}/database`,
        address: '127.0.0.3',
        port: 15433,
        secretStore: { storeFile: `${RECOVERED}/secrets/store.json`, keyFile: `${OUTSIDE}/keys/secrets.key` },
        archive: null,
        restore: RESTORE.source,
        running: true,
        site: { live: RECOVERED },
      });
      expectLayer(recovery, 'medplum-database', 'medplum-dr:local:Database', ['medplum-database-postgresql']);
    });

    it('tells what it was restored from', () => {
      expect(recovery.get('medplum-database').outputs).to.deep.include({
        restoredFrom: known({ backup: 'base-7', skipped: [], replayedTo: '0/5000060', shortfall: null }),
      });
    });

    it('starts the backup agent after PostgreSQL, with the password by name only', () => {
      const agent = primary.get('medplum-database-backup-agent');
      expectPosture(agent, { parent: 'medplum-database', provider: 'site-site-a' });
      expect(agent.dependsOn).to.include('medplum-database-postgresql');
      const { environment, ...inputs } = agent.inputs;
      expect(environment).to.have.keys(['MEDPLUM_DR_BACKUP_AGENT']);
      expect(inputs).to.deep.equal({
        name: 'backup-agent',
        command: ownProgram('components', 'local', 'postgresql', 'backup-agent.js'),
        folder: PRIMARY,
        secretEnvironment: { PGPASSWORD: 'databasePassword' },
        secretStore: { storeFile: `${PRIMARY}/secrets/store.json`, keyFile: `${OUTSIDE}/keys/secrets.key` },
        logFile: `${PRIMARY}/logs/backup-agent.log`,
        pidFile: `${PRIMARY}/run/backup-agent.pid`,
        ready: { kind: 'started' },
        running: true,
        site: { live: PRIMARY },
      });
      expect(settingsOf(agent, 'MEDPLUM_DR_BACKUP_AGENT')).to.deep.equal({
        replica: `${SITE_B}/replica/local-primary`,
        dataDirectory: `${PRIMARY}/database`,
        connection: { host: '127.0.0.2', port: 15432, database: 'medplum', user: 'medplum' },
        healthUrl: 'http://127.0.0.1:18103/healthcheck',
        markEverySeconds: 10,
        baseEverySeconds: 3600,
        keep: 2,
      });
    });
  });
});
