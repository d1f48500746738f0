import { expect } from 'chai';
import fc from 'fast-check';
import { execFile, type ChildProcess } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { formatServing, parseServing } from '../../../components/local/dns/serving';
import { changeZone } from '../../../components/local/dns/zone';
import { askWhoServes, verdictOf, type Answer } from '../../../components/local/guard/verdict';
import { freePort, testFolder, until } from '../postgresql/database-fixture';

const RECORD = { address: '127.0.0.3', ttlSeconds: 5, generation: 3, site: 'site-b' };

describe('the verdict on a site', () => {
  const serving = (stack: string, generation: number): Answer => ({
    kind: 'serving',
    serving: { stack, generation, site: 'site-b' },
  });

  for (const [what, answer, since, kind] of [
    ['another stack serves since a later cutover', serving('other', 3), 2, 'fenced'],
    ['another stack serves since the first cutover', serving('other', 1), 0, 'fenced'],
    ['another stack serves since a cutover that the site knows of', serving('other', 3), 3, 'go-on'],
    ['another stack serves, and nobody cut over', serving('other', 0), 0, 'go-on'],
    ['this stack serves', serving('own', 3), 0, 'go-on'],
    ['the record is too old to name a stack', serving('', 3), 0, 'go-on'],
    ['there is no record', { kind: 'no-record' }, 0, 'go-on'],
    ['the name server is silent', { kind: 'no-answer', reason: 'ETIMEOUT' }, 0, 'go-on'],
  ] as const) {
    it(`is "${kind}" when ${what}`, () => {
      expect(verdictOf(answer, { stack: 'own', since }).kind).to.equal(kind);
    });
  }

  it('says who serves where and since which cutover', () => {
    expect(verdictOf(serving('prod-r-1', 3), { stack: 'prod', since: 0 }).reason).to.equal(
      'stack prod-r-1 at site site-b serves since cutover 3'
    );
  });
});

describe('the record of who serves', () => {
  it('is read as it was written', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9._-]*$/);
    fc.assert(
      fc.property(fc.record({ generation: fc.nat(), site: word, stack: word }), (serving) => {
        expect(parseServing(formatServing(serving))).to.deep.equal(serving);
      })
    );
    expect(parseServing('v=spf1 -all')).to.equal(null);
  });

  describe('asked of the name server', () => {
    let folder: string;
    let server: { address: string; port: number };
    let program: ChildProcess | undefined;
    const zoneFile = (): string => path.join(folder, 'zone.json');

    beforeEach(async () => {
      folder = await testFolder();
      server = { address: '127.0.0.1', port: await freePort() };
    });
    afterEach(async () => {
      if (program !== undefined) {
        program.kill('SIGKILL');
        await once(program, 'exit');
        program = undefined;
      }
      await rm(folder, { recursive: true });
    });

    async function startServer(): Promise<void> {
      const source = path.resolve(__dirname, '../../../components/local/dns/server.ts');
      const settings = JSON.stringify({ zoneFile: zoneFile(), ...server });
      program = execFile(process.execPath, ['-r', 'tsx/cjs', source], {
        env: { PATH: process.env['PATH'], MEDPLUM_DR_DNS: settings },
      });
      let output = '';
      program.stdout?.on('data', (chunk: string) => (output += chunk));
      await until('the name server to answer', () => Promise.resolve(output.includes('answering')));
    }

    it('is there for each name, old records too, and changes at once', async () => {
      await startServer();
      const ask = (): Promise<Answer> => askWhoServes({ name: 'medplum.test', server });

      expect(await ask()).to.deep.equal({ kind: 'no-record' });
      await changeZone(zoneFile(), (zone) => ({ ...zone, records: { 'medplum.test': RECORD } }));
      expect(await ask()).to.deep.equal({ kind: 'serving', serving: { generation: 3, site: 'site-b', stack: '' } });
      await changeZone(zoneFile(), (zone) => ({
        ...zone,
        records: { 'medplum.test': { ...RECORD, generation: 4, stack: 'prod-r-1' } },
      }));
      expect(await ask()).to.deep.equal({
        kind: 'serving',
        serving: { generation: 4, site: 'site-b', stack: 'prod-r-1' },
      });
      expect(await askWhoServes({ name: 'other.test', server })).to.deep.equal({ kind: 'no-record' });
    });

    it('is not known while nothing listens, nor while what listens is silent, and that is known within 2 s', async () => {
      expect((await askWhoServes({ name: 'medplum.test', server })).kind).to.equal('no-answer');

      const silent: Socket = createSocket('udp4');
      silent.bind(server.port, server.address);
      await once(silent, 'listening');
      const before = Date.now();
      const answer = await askWhoServes({ name: 'medplum.test', server });
      silent.close();

      expect(answer.kind).to.equal('no-answer');
      expect(Date.now() - before).to.be.lessThan(2000);
    });
  });
});
