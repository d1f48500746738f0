import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { analyseJournal } from '../../automation/rehearsal/client/analyse';
import { CONFIG_VARIABLE, SECRET_VARIABLE, type RehearsalClientConfig } from '../../automation/rehearsal/client/config';
import { readJournal, type JournalEvent } from '../../automation/rehearsal/client/journal';
import { findLostWrites } from '../../automation/rehearsal/client/lost-writes';
import { freePort, startDatabase, type TestDatabase } from '../medplum/database';
import { startNameServer, type NameServer } from './name-server';
import { startProcess, startStandIn, type StandInProcess } from './stand-in';

const FIRST_SITE = '127.0.0.2';
const SECOND_SITE = '127.0.0.3';
const BASE_URL = 'http://api.example.com/';

describe('the client of a drill', () => {
  let database: TestDatabase;
  let sql: Client;
  let names: NameServer;
  let process: ChildProcess | undefined;
  let serving: StandInProcess | undefined;

  before(async () => {
    database = await startDatabase();
    sql = await database.connect();
    names = await startNameServer(FIRST_SITE, 1);
  });

  after(async () => {
    process?.kill('SIGKILL');
    await serving?.kill('SIGTERM');
    await names.close();
    await sql.end();
    await database.remove();
  });

  function events(journal: string): JournalEvent[] {
    return existsSync(journal) ? readJournal(journal) : [];
  }

  async function until(journal: string, condition: (events: JournalEvent[]) => boolean): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!condition(events(journal))) {
      expect(Date.now(), `the journal came to be ${JSON.stringify(events(journal).slice(-5))}`).to.be.below(deadline);
      await sleep(50);
    }
  }

  it('goes on through the loss of a site and its recovery elsewhere, and writes down what it saw', async () => {
    const port = await freePort();
    const standIn = await startStandIn({ database, address: FIRST_SITE, port, baseUrl: BASE_URL });
    serving = standIn;
    const journal = path.join(database.folder, 'journal.jsonl');
    const { clientId, clientSecret } = standIn.project;
    const config: RehearsalClientConfig = {
      name: 'api.example.com',
      dnsServer: { address: names.address, port: names.port },
      port,
      baseUrl: BASE_URL,
      clientId,
      journal,
      intervalMs: 20,
    };
    const child = spawn(globalThis.process.execPath, ['--require', 'tsx/cjs', 'automation/rehearsal/client/main.ts'], {
      cwd: path.join(__dirname, '..', '..'),
      env: { [CONFIG_VARIABLE]: JSON.stringify(config), [SECRET_VARIABLE]: clientSecret },
      stdio: 'inherit',
    });
    process = child;
    await until(journal, (seen) => seen.filter(({ kind }) => kind === 'read').length > 4);

    await serving.kill('SIGKILL');
    const lostAt = Date.now();
    await until(journal, (seen) => seen.some(({ kind }) => kind === 'failed'));
    serving = await startProcess({ database, address: SECOND_SITE, port, baseUrl: BASE_URL });
    names.set(SECOND_SITE, 1);
    await until(
      journal,
      (seen) => seen.filter((event) => event.kind === 'read' && event.address === SECOND_SITE).length > 4
    );
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).to.deep.equal([0, null]);

    const seen = readJournal(journal);
    const analysis = analyseJournal(seen);
    expect(analysis.addresses.map(({ address }) => address)).to.deep.equal([FIRST_SITE, SECOND_SITE]);
    expect(analysis.outage).to.include({ kind: 'over' });
    expect(analysis.answeredAtEnd).to.equal(true);
    if (analysis.outage.kind !== 'none') {
      expect(Date.parse(analysis.outage.lastGoodAt ?? '')).to.be.at.most(lostAt);
      expect(Date.parse(analysis.outage.firstGoodAt ?? '')).to.be.above(lostAt);
    }
    // The stand-in has no Redis here, so the first token was lost with its process.
    expect(analysis.tokens).to.equal(2);
    expect(seen.filter((event) => event.kind === 'failed').map(({ reason }) => reason)).to.satisfy(
      (reasons: string[]) =>
        reasons.some((reason) => reason.includes('401')) && reasons.some((reason) => reason.includes('ECONNREFUSED'))
    );
    const types = new Set(analysis.acknowledged.map(({ resourceType }) => resourceType));
    expect([...types].sort()).to.deep.equal(['Binary', 'DocumentReference', 'Observation']);
    expect(seen.filter((event) => event.kind === 'read').every(({ found }) => found)).to.equal(true);
    expect(JSON.stringify(seen)).not.to.include(clientSecret);

    expect(await findLostWrites(sql, analysis.acknowledged)).to.deep.equal([]);
    const lost = analysis.acknowledged.filter((_, index) => index % 7 === 3);
    for (const { resourceType, versionId } of lost) {
      await sql.query(`delete from "${resourceType}_History" where "versionId" = $1`, [versionId]);
    }
    expect(await findLostWrites(sql, analysis.acknowledged)).to.deep.equal(lost);
    const unknown = { at: '', resourceType: 'NoSuchType', id: 'x', versionId: lost[0]?.versionId ?? '' };
    expect(await findLostWrites(sql, [unknown])).to.deep.equal([unknown]);
  });

  it('says what is wrong with its config, and never its secret', async () => {
    const child = spawn(globalThis.process.execPath, ['--require', 'tsx/cjs', 'automation/rehearsal/client/main.ts'], {
      cwd: path.join(__dirname, '..', '..'),
      env: { [CONFIG_VARIABLE]: '{}', [SECRET_VARIABLE]: 'a-client-secret' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));

    expect(await once(child, 'close')).to.deep.equal([1, null]);

    expect(errors).to.include('dnsServer').and.not.include('a-client-secret');
  });
});
