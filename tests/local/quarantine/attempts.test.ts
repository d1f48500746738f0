import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readAttempts } from '../../../components/local/quarantine/attempts';

const LOADED = '{"at":"2026-11-24T14:00:00.000Z","kind":"loaded","pid":1}\n';
const refused = (target: string): string => `${JSON.stringify({ kind: 'refused', target, pid: 1 })}\n`;

describe('what a copy was kept from', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-attempts-'));
    file = path.join(folder, 'quarantine.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is counted by target, the most tried first', async () => {
    await writeFile(file, LOADED + refused('b:25') + refused('a:80') + LOADED + refused('c:443') + refused('c:443'));
    expect(await readAttempts(file)).to.deep.equal([
      { target: 'c:443', attempts: 2 },
      { target: 'a:80', attempts: 1 },
      { target: 'b:25', attempts: 1 },
    ]);
  });

  it('is nothing where a gate was loaded and nothing was tried', async () => {
    await writeFile(file, LOADED);
    expect(await readAttempts(file)).to.deep.equal([]);
  });

  it('is not counted where no gate was loaded', async () => {
    expect(await readAttempts(file)).to.equal(null);
    await writeFile(file, '');
    expect(await readAttempts(file)).to.equal(null);
  });

  it('counts no line that is still being written', async () => {
    await writeFile(file, `${LOADED}${refused('a:80')}{"kind":"refu`);
    expect(await readAttempts(file)).to.deep.equal([{ target: 'a:80', attempts: 1 }]);
  });

  it('is not guessed from a file that cannot be read', async () => {
    await writeFile(file, `${LOADED}{"kind":"refu\n`);
    const found = await readAttempts(file).catch((error: unknown) => error);
    expect(found).to.be.instanceOf(SyntaxError);
  });
});
