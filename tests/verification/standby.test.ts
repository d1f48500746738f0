import { expect } from 'chai';
import { chown, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from 'pg';
import { databaseWritable } from '../../automation/verification/database-writable';
import { findPostgresql } from '../../components/local/postgresql/binaries';
import { runProgram } from '../../components/local/postgresql/process';
import { reconfigure, stop } from '../../components/local/postgresql/server';
import { freePort, startDatabase, type TestDatabase } from '../medplum/database';

describe('database-writable', () => {
  let database: TestDatabase;
  let standby: string | undefined;
  let client: Client | undefined;

  before(async () => {
    database = await startDatabase();
  });
  after(async () => {
    await client?.end();
    if (standby !== undefined) {
      await stop({ dataDirectory: standby, mode: 'immediate' });
    }
    await database.remove();
  });

  it('fails on a standby, which answers queries as any other database', async () => {
    const { runAs, pgCtl } = await findPostgresql();
    const dataDirectory = path.join(database.folder, 'data');
    standby = path.join(database.folder, 'standby');
    const port = await freePort();
    await stop({ dataDirectory, mode: 'fast' });
    await runProgram('cp', ['-a', dataDirectory, standby], { runAs: undefined });
    await writeFile(path.join(standby, 'standby.signal'), '');
    await reconfigure({ dataDirectory: standby, address: '127.0.0.1', port });
    const log = path.join(database.folder, 'standby.log');
    await writeFile(log, '');
    if (runAs !== undefined) {
      await chown(log, runAs.uid, runAs.gid);
    }
    const started = await runProgram(pgCtl, ['start', '-w', '-D', standby, '-l', log], { runAs });
    expect(started.code).to.equal(0);
    client = new Client({ ...database, host: '127.0.0.1', port });
    await client.connect();

    const check = await databaseWritable({ database: client, recorded: { known: false, reason: 'none' } });

    expect(check).to.include({ id: 'database-writable', status: 'failed' });
  });
});
