import { expect } from 'chai';
import type { AsyncJob, Binary, Bundle, OperationOutcome } from '@medplum/fhirtypes';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually, TestPostgresql } from './postgresql';
import { basic, ordinaryClient, StandIn, superAdmin, type TokenAnswer } from './stand-in';

describe('stand-in, where recovery looks', function () {
  this.timeout(120_000);
  let postgresql: TestPostgresql;
  let standIn: StandIn;
  let client: { id: string; secret: string; project: string };
  const admin = basic(superAdmin);

  before(async () => {
    postgresql = await TestPostgresql.start();
    await postgresql.query('postgres', 'CREATE DATABASE medplum');
    standIn = await StandIn.start(postgresql, 'medplum');
    client = await ordinaryClient(standIn, 'clinic');
  });

  after(async () => {
    await standIn.destroy();
    await postgresql.destroy();
  });

  async function restart(): Promise<void> {
    await standIn.stop();
    standIn = await StandIn.start(postgresql, 'medplum', { folder: standIn.folder });
  }

  it('says that it is a stand-in', async () => {
    const health = await standIn.get<{ version: string; platform: string }>('/healthcheck');
    expect(health.status).to.equal(200);
    expect(health.body).to.deep.include({ ok: true, postgres: true, runtime: process.version });
    expect(health.body).to.not.have.property('redis');
    expect(health.body.version).to.equal('5.0.10-standin');
    expect(health.body.platform).to.include('stand-in');
    expect(JSON.stringify((await standIn.get('/')).body)).to.include('It is not Medplum');
    expect((await standIn.get('/fhir/R4/metadata')).status).to.equal(200);
  });

  it('shows the keys of the database, without their private part', async () => {
    const { body } = await standIn.get<{ keys: Record<string, string>[] }>('/.well-known/jwks.json');
    const rows = await postgresql.query<{ id: string }>(
      'medplum',
      'SELECT id FROM "JsonWebKey" WHERE active AND NOT deleted'
    );
    expect(body.keys.map(({ kid }) => kid)).to.deep.equal(rows.map(({ id }) => id));
    expect(Object.keys(body.keys[0]!)).to.have.members(['kid', 'alg', 'kty', 'use', 'x', 'y', 'crv']);
    const configuration = await standIn.get<{ issuer: string }>('/.well-known/openid-configuration');
    expect(configuration.body.issuer).to.equal('http://medplum.example.com/');
  });

  it('refuses clients as Medplum does', async () => {
    const unknown = await standIn.token({ id: '00000000-0000-4000-8000-000000000000', secret: 'x' });
    const wrong = await standIn.token({ id: client.id, secret: 'x' });
    expect([unknown.status, wrong.status]).to.deep.equal([400, 400]);
    expect(unknown.body).to.deep.equal({ error: 'invalid_request', error_description: 'Invalid client' });
    expect(wrong.body).to.deep.equal({ error: 'invalid_request', error_description: 'Invalid secret' });
    expect((await standIn.get('/fhir/R4/Patient', basic({ id: client.id, secret: 'x' }))).status).to.equal(401);
  });

  it('gives a token that works, and that is 401 once the cache is lost', async () => {
    const { status, body } = await standIn.token(client);
    expect([status, body.expires_in]).to.deep.equal([200, 3600]);
    const bearer = `Bearer ${body.access_token}`;
    expect((await standIn.get('/fhir/R4/Patient', bearer)).status).to.equal(200);
    expect((await standIn.get('/fhir/R4/Patient', `${bearer.slice(0, -6)}AAAAAA`)).status).to.equal(401);
    await restart();
    expect((await standIn.get('/fhir/R4/Patient', bearer)).status).to.equal(401);
    expect((await standIn.get('/fhir/R4/Patient', basic(client))).status).to.equal(200);
    expect((await standIn.token(client)).status).to.equal(200);
  });

  it('takes HTTP Basic for a token as well', async () => {
    const { status } = await standIn.send<TokenAnswer>(
      'POST',
      '/oauth2/token',
      basic(client),
      'grant_type=client_credentials',
      {
        'content-type': 'application/x-www-form-urlencoded',
      }
    );
    expect(status).to.equal(200);
  });

  it('is 500 without its database, reads from the cache meanwhile, and comes back by itself', async () => {
    const patient = await standIn.send<{ id: string }>('POST', '/fhir/R4/Patient', basic(client), {
      resourceType: 'Patient',
    });
    await postgresql.stop();
    try {
      const health = await standIn.get('/healthcheck');
      expect([health.status, health.body]).to.deep.equal([500, { msg: 'Internal Server Error' }]);
      expect((await standIn.get(`/fhir/R4/Patient/${patient.body.id}`, basic(client))).status).to.equal(200);
      const search = await standIn.get<OperationOutcome>('/fhir/R4/Patient', basic(client));
      expect(search.status).to.equal(400);
      expect(search.body.issue[0]?.details?.text).to.include('ECONNREFUSED');
      expect((await standIn.token(client)).body.error_description).to.include('ECONNREFUSED');
    } finally {
      await postgresql.run();
    }
    expect((await standIn.get('/healthcheck')).status).to.equal(200);
    expect((await standIn.get('/fhir/R4/Patient', basic(client))).status).to.equal(200);
  });

  it('is healthy, searches and gives tokens on a read-only database; only a write fails', async () => {
    await postgresql.stop();
    await postgresql.run('default_transaction_read_only=on');
    try {
      expect((await standIn.get('/healthcheck')).body).to.deep.include({ ok: true, postgres: true });
      expect((await standIn.get('/fhir/R4/Patient', basic(client))).status).to.equal(200);
      expect((await standIn.token(client)).status).to.equal(200);
      const write = await standIn.send<OperationOutcome>('POST', '/fhir/R4/Patient', basic(client), {
        resourceType: 'Patient',
      });
      expect(write.status).to.equal(400);
      expect(write.body.issue[0]?.details?.text).to.include('cannot execute INSERT in a read-only transaction');
    } finally {
      await postgresql.stop();
      await postgresql.run();
    }
  });

  it('keeps the bytes of a Binary in storage, and says so when they are missing', async () => {
    const bytes = randomBytes(70_000);
    const response = await fetch(`${standIn.url}/fhir/R4/Binary`, {
      method: 'POST',
      headers: { authorization: basic(client), 'content-type': 'application/pdf' },
      body: bytes,
    });
    const binary = (await response.json()) as Required<Binary>;
    expect(response.status).to.equal(201);
    const versionId = binary.meta.versionId ?? '';
    expect(readdirSync(join(standIn.folder, binary.id))).to.deep.equal([versionId]);
    expect(readFileSync(join(standIn.folder, binary.id, versionId)).equals(bytes)).to.equal(true);
    const [row] = await postgresql.query<{ content: string }>('medplum', 'SELECT content FROM "Binary" WHERE id = $1', [
      binary.id,
    ]);
    expect(JSON.parse(row!.content)).to.not.have.property('data');

    const read = await fetch(`${standIn.url}/fhir/R4/Binary/${binary.id}`, {
      headers: { authorization: basic(client) },
    });
    expect(read.headers.get('content-type')).to.equal('application/pdf');
    const hash = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
    expect(hash(Buffer.from(await read.arrayBuffer()))).to.equal(hash(bytes));

    const document = await standIn.send<{ content: unknown }>('POST', '/fhir/R4/DocumentReference', basic(client), {
      resourceType: 'DocumentReference',
      content: [{ attachment: { url: `Binary/${binary.id}` } }],
    });
    expect(document.body.content).to.deep.equal([{ attachment: { url: `Binary/${binary.id}` } }]);

    rmSync(join(standIn.folder, binary.id), { recursive: true });
    const missing = await standIn.get<OperationOutcome>(`/fhir/R4/Binary/${binary.id}`, basic(client));
    expect(missing.status).to.equal(500);
    expect(missing.body.issue[0]?.diagnostics).to.include('missing from storage');
    const metadata = await standIn.send('GET', `/fhir/R4/Binary/${binary.id}`, basic(client), undefined, {
      accept: 'application/fhir+json',
    });
    expect(metadata.status).to.equal(200);
  });

  it('stores the bytes of a Binary that comes in a bundle', async () => {
    const resource = {
      resourceType: 'Binary',
      contentType: 'text/plain',
      data: Buffer.from('hello').toString('base64'),
    };
    const { body } = await standIn.send<Bundle>('POST', '/fhir/R4', basic(client), {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'POST', url: 'Binary' }, resource }],
    });
    const read = await standIn.get<string>(`/fhir/R4/Binary/${body.entry?.[0]?.resource?.id ?? ''}`, basic(client));
    expect(read.body).to.equal('hello');
  });

  it('loses cron schedules with the cache, and reloads them when asked in the right way', async () => {
    const bot = await standIn.send<{ id: string }>('POST', '/fhir/R4/Bot', basic(client), {
      resourceType: 'Bot',
      name: 'nightly',
      cronString: '0 3 * * *',
    });
    const schedules = async (): Promise<unknown> => (await standIn.get('/admin/super/cron', admin)).body;
    const scheduled = { schedules: { [bot.body.id]: '0 3 * * *' } };
    expect(await schedules()).to.deep.equal(scheduled);
    await restart();
    expect(await schedules()).to.deep.equal({ schedules: {} });

    const reload = (authorization: string, headers: Record<string, string>): ReturnType<StandIn['send']> =>
      standIn.send('POST', '/admin/super/reloadcron', authorization, undefined, headers);
    expect((await reload(admin, {})).status).to.equal(400);
    expect((await reload(basic(client), { prefer: 'respond-async' })).status).to.equal(403);
    const accepted = await reload(admin, { prefer: 'respond-async' });
    expect(accepted.status).to.equal(202);
    const location = new URL(accepted.headers.get('content-location') ?? '').pathname;
    await eventually(async () => {
      const job = await standIn.get<AsyncJob>(location, admin);
      return job.body.status === 'completed' ? job : undefined;
    });
    expect(await schedules()).to.deep.equal(scheduled);
  });

  it('lists post-deploy migrations to the super admin only', async () => {
    expect((await standIn.get('/admin/super/migrations', basic(client))).status).to.equal(403);
    const { body } = await standIn.get<{ postDeployMigrations: number[] }>('/admin/super/migrations', admin);
    expect(body).to.deep.include({ pendingPostDeployMigration: 0 });
    expect(body.postDeployMigrations).to.have.length(31);
    expect(
      (await standIn.send('POST', `/admin/projects/${client.project}/client`, basic(client), { name: 'x' })).status
    ).to.equal(403);
  });

  it('posts what is written to the endpoints that asked for the type, after a restart too', async () => {
    const bodies: string[] = [];
    const endpoint = createServer((request, response) => {
      void text(request).then((body) => {
        bodies.push((JSON.parse(body) as { id: string }).id);
        response.end();
      });
    });
    endpoint.listen(0, '127.0.0.1');
    await once(endpoint, 'listening');
    try {
      const { port } = endpoint.address() as AddressInfo;
      const created = async (resource: object): Promise<string> => {
        const { resourceType } = resource as { resourceType: string };
        return (await standIn.send<{ id: string }>('POST', `/fhir/R4/${resourceType}`, basic(client), resource)).body
          .id;
      };
      const subscription = await created({
        resourceType: 'Subscription',
        status: 'active',
        reason: 'test',
        criteria: 'Device',
        channel: { type: 'rest-hook', endpoint: `http://127.0.0.1:${port}/hook` },
      });
      await created({ resourceType: 'Location' });
      const first = await created({ resourceType: 'Device' });
      await eventually(() => Promise.resolve(bodies[0]));
      await restart();
      const second = await created({ resourceType: 'Device' });
      await eventually(() => Promise.resolve(bodies[1]));
      await standIn.send('DELETE', `/fhir/R4/Subscription/${subscription}`, basic(client));
      await created({ resourceType: 'Device' });
      expect(bodies).to.deep.equal([first, second]);
    } finally {
      endpoint.close();
      endpoint.closeAllConnections();
    }
  });
});
