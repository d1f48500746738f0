import { expect } from 'chai';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { REHEARSAL_ENVIRONMENT as NAME, replicaIn } from '../../automation/rehearsal/workspace';
import { takeBaseBackup } from '../../components/local/postgresql/base-backup';
import { isSegmentName, segmentName, segmentNumber } from '../../components/local/postgresql/wal-segment';
import { verifyBaseBackup } from '../../components/local/postgresql/verification';
import { pointId } from '../../components/local/postgresql/recovery-points';
import { initialise, start, stop } from '../../components/local/postgresql/server';
import { freePort } from '../local/postgresql/database-fixture';
import { resolved } from '../drill/places';
import { copyWithOwners, type LostEnvironment } from './lost-environment';
import { recover, told } from './recover';

const SEGMENT_BYTES = 4 * 1024 * 1024;

export function backupOfAnEmptyDatabase(lost: () => LostEnvironment, newId: () => string): void {
  it('a newer backup, whole by its checksums, of an empty database', async () => {
    const { config } = lost();
    const base = await addEmptyBackup(lost());

    const first = await recover(lost(), { id: newId() });

    expect(first.result).to.equal('failed');
    expect(first.report.recoveryPoint?.baseBackupId).to.equal(base);
    expect(first.checks).to.include({ 'log-complete': 'passed', 'database-writable': 'passed' });
    expect(first.checks).to.include({ 'signing-keys': 'failed', 'resource-counts': 'failed' });
    expect(told(first)).to.match(/signing-keys\): missing: \S+; there are: /);
    expect(told(first)).to.match(/resource-counts\): .*Patient: recorded \d+, restored 0/);
    expect(await resolved(config), 'traffic').to.deep.equal([config.site.address]);

    const [, point = ''] = /--recovery-point (\S+);/.exec(told(first)) ?? [];
    expect(told(first))
      .to.include(`medplum-dr abort ${first.id}, then medplum-dr recover ${NAME} --recovery-point ${point}`)
      .and.include(`medplum-dr recovery-points ${NAME} lists them all`);
    const aborted = await lost().run('abort', first.id);
    expect(aborted.exitCode, aborted.stderr).to.equal(0);
    const second = await lost().run('recover', NAME, '--recovery-point', point);
    expect(second.exitCode, second.stderr).to.equal(0);
    expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
  });
}

/** A backup of a new cluster with the environment's own roles, as of a primary that was made anew. Returns its id. */
async function addEmptyBackup({ workspace, primary }: LostEnvironment): Promise<string> {
  const replica = replicaIn(workspace);
  const folder = path.join(workspace.directory, 'empty');
  const dataDirectory = path.join(folder, 'data');
  const archive = path.join(folder, 'wal');
  const { name: database, username: user, passwordSecret } = primary.outputs.database;
  const secrets = { ...primary.outputs, secretsLocation: path.join(replica, 'secrets.json') };
  const password = (await primary.environment.operations().secret(secrets, passwordSecret)) ?? '';
  const [address, port] = ['127.0.0.1', await freePort()];
  const settings = { dataDirectory, address, port, archive: { directory: archive, timeoutSeconds: 5 } };
  await initialise({ ...settings, username: user, password, database });
  await start({ dataDirectory, logFile: path.join(folder, 'postgresql.log') });
  try {
    const connection = { host: address, port, user, password, database };
    const client = new pg.Client(connection);
    await client.connect();
    const newest = (await readdir(path.join(replica, 'wal'))).filter(isSegmentName).sort().at(-1) ?? '';
    // One segment is left out between the two logs: the one does not go on into the other.
    for (let beyond = 0; beyond < 3;) {
      const { rows } = await client.query<{ segment: string }>(
        `select pg_walfile_name(pg_logical_emit_message(false, 'lie', 'x')) as segment`
      );
      beyond += (rows[0]?.segment ?? '') > newest ? 1 : 0;
      await client.query('select pg_switch_wal()');
    }
    await client.end();
    const base = pointId('base', new Date());
    const destination = path.join(folder, base);
    const { startLsn } = await takeBaseBackup({
      ...{ connection, dataDirectory, destination, label: base, archive: { directory: archive } },
    });
    expect((await verifyBaseBackup(destination)).state).to.equal('healthy');
    const first = segmentName({ timeline: 1, number: segmentNumber(startLsn, SEGMENT_BYTES) }, SEGMENT_BYTES);
    for (const segment of (await readdir(archive)).filter((name) => isSegmentName(name) && name >= first)) {
      await copyWithOwners(path.join(archive, segment), path.join(replica, 'wal', segment));
    }
    await copyWithOwners(destination, path.join(replica, 'base', base));
    return base;
  } finally {
    await stop({ dataDirectory, mode: 'immediate' });
    await rm(folder, { recursive: true });
  }
}
