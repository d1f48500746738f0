import { expect } from 'chai';
import fc from 'fast-check';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { filesBelow, findingsIn, SecretSearch } from './search';

const VALUE = 'planted "and\\escaped" <3 & +/%=é';

describe('the search for secrets', () => {
  const search = new SecretSearch([
    { name: 'odd', value: VALUE },
    { name: 'plain', value: 'planted-plain-4Kd9' },
  ]);

  for (const [form, text] of [
    ['as it is', `password: ${VALUE}\n`],
    ['in JSON', JSON.stringify({ password: VALUE })],
    ['in JSON as the engine writes it', `{"password":"planted \\"and\\\\escaped\\" \\u003c3 \\u0026 +/%=é"}`],
    ['in JSON within JSON', JSON.stringify({ environment: JSON.stringify({ password: VALUE }) })],
    ['in a query', `https://host/?${new URLSearchParams({ password: VALUE }).toString()}`],
    ['in a path', `https://host/${encodeURIComponent(VALUE)}`],
    ['in hexadecimal', Buffer.from(`x${VALUE}`).toString('hex')],
    ['in an authorization header', `Basic ${Buffer.from(`user:${VALUE}`).toString('base64')}`],
    ['in base64 for URLs', Buffer.from(`{"p":"${VALUE}"}`).toString('base64url')],
    ['packed', gzipSync(JSON.stringify([VALUE]))],
    ['packed, in base64, in JSON', JSON.stringify({ state: gzipSync(`x${VALUE}`).toString('base64') })],
    ['cut off while it was packed', gzipSync(`${VALUE}${'x'.repeat(64)}`).subarray(0, -8)],
  ] as const) {
    it(`finds one ${form}`, () => {
      expect(search.in(text)).to.deep.equal(['odd']);
    });
  }

  it('finds any access token', () => {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'RS256', kid: 'k' })}.${part({ sub: 'somebody', exp: 1 })}.${'s'.repeat(43)}`;

    expect(search.in(`{"authorization":"Bearer ${token}"}`)).to.deep.equal(['an access token']);
  });

  it('finds one in base64 wherever it begins', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ maxLength: 30 }), (before, after) => {
        const bytes = Buffer.concat([before, Buffer.from(VALUE), after]);
        expect(search.in(bytes.toString('base64'))).to.include('odd');
        expect(search.in(bytes.toString('base64url'))).to.include('odd');
      })
    );
  });

  it('finds nothing where there is none', () => {
    expect(
      search.in(JSON.stringify({ secure: 'v1:AbCd:planted', name: 'smtpPassword', H4sI: 'H4sIAAAAAAAAAAAAAAAA' }))
    ).to.deep.equal([]);
  });

  it('looks into every file of a folder that is wanted', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-search-'));
    try {
      await mkdir(path.join(folder, 'keys'));
      await writeFile(path.join(folder, 'keys', 'password'), VALUE);
      await writeFile(path.join(folder, 'state.json.gz'), gzipSync(JSON.stringify(VALUE)));
      await writeFile(path.join(folder, 'table'), VALUE);

      const files = await filesBelow(folder, (file) => !file.startsWith('keys/'));

      expect(files).to.have.members(['state.json.gz', 'table']);
      const found = await findingsIn(folder, [...files, 'gone'], (content) => search.in(content));
      expect(found).to.have.members(['state.json.gz: odd', 'table: odd']);
      const plain = await findingsIn(folder, files, (content) => search.plainlyIn(content));
      expect(plain).to.deep.equal(['table: odd']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
