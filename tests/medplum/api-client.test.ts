import { expect } from 'chai';
import { inspect } from 'node:util';
import { ApiClient } from '../../medplum/api-client';
import { ApiError } from '../../medplum/api-error';
import { checkHealth } from '../../medplum/health';
import { migrations, reloadCron } from '../../medplum/super-admin';
import { UnreachableError } from '../../medplum/transport';
import { freePort } from './database';
import { fakeServer, type Answer, type FakeServer } from './fake-server';

const BASE_URL = 'http://api.example.com:8103/';
const SECRET = 'a-client-secret';
const TOKEN = 'an-access-token';
const outcome = (text: string): object => ({ resourceType: 'OperationOutcome', issue: [{ details: { text } }] });
const patient = { resourceType: 'Patient', id: 'p', meta: { versionId: 'v', lastUpdated: '2026-01-01T00:00:00Z' } };

describe('API client', () => {
  let server: FakeServer;

  afterEach(async () => {
    await server.close();
  });

  async function client(
    answers: Record<string, (count: number) => Answer | null>,
    timeoutMs = 2000
  ): Promise<ApiClient> {
    server = await fakeServer((line, count) => {
      if (line === 'POST /oauth2/token') {
        return answers[line]?.(count) ?? { status: 200, body: { access_token: `${TOKEN}-${count}` } };
      }
      const answer = answers[line];
      return answer === undefined ? { status: 404, body: outcome('Not found') } : answer(count);
    });
    return new ApiClient({
      endpoint: { address: '127.0.0.1', port: server.port },
      baseUrl: BASE_URL,
      credentials: { clientId: 'id', clientSecret: SECRET },
      timeoutMs,
    });
  }

  async function failureOf(promise: Promise<unknown>): Promise<Error> {
    return promise.then(
      () => expect.fail('it did not fail'),
      (error: unknown) => error as Error
    );
  }

  it('connects to the endpoint and names the host of the base address', async () => {
    const api = await client({ 'GET /fhir/R4/Patient/p': () => ({ status: 200, body: patient }) });

    expect((await api.read('Patient', 'p')).meta.versionId).to.equal('v');

    expect(server.requests.map(({ headers }) => headers.host)).to.deep.equal([
      'api.example.com:8103',
      'api.example.com:8103',
    ]);
    expect(server.requests[1]?.headers.authorization).to.equal(`Bearer ${TOKEN}-1`);
  });

  it('tells status and outcome of an error, and no token or secret', async () => {
    const api = await client({
      'POST /fhir/R4/Patient': () => ({ status: 400, body: outcome('read-only transaction') }),
    });

    const error = await failureOf(api.create({ resourceType: 'Patient' }));

    expect(error).to.be.instanceOf(ApiError).and.include({ status: 400, outcome: 'read-only transaction' });
    expect(inspect(error, { depth: 10 })).not.to.match(new RegExp(`${TOKEN}|${SECRET}`));
  });

  it('repeats nothing: a 401 is told, and a token asked for only when the caller says so', async () => {
    const api = await client({
      'GET /fhir/R4/Patient/p': (count) =>
        count === 1 ? { status: 401, body: outcome('Unauthorized') } : { status: 200, body: patient },
    });

    const error = await failureOf(api.read('Patient', 'p'));
    expect(error).to.be.instanceOf(ApiError).with.property('status', 401);
    expect(server.requests).to.have.lengthOf(2);

    await api.authenticate();
    await api.read('Patient', 'p');
    expect(server.requests.at(-1)?.headers.authorization).to.equal(`Bearer ${TOKEN}-2`);
  });

  it('tells a refused client in OAuth words', async () => {
    const body = { error: 'invalid_request', error_description: 'Invalid client' };
    const api = await client({ 'POST /oauth2/token': () => ({ status: 400, body }) });

    expect((await failureOf(api.authenticate())).message).to.include('400 invalid_request: Invalid client');
  });

  it('finds by search, and does not take another resource for the one asked for', async () => {
    const entry = [{ resource: patient }];
    const api = await client({
      'GET /fhir/R4/Patient?_id=p': () => ({ status: 200, body: { resourceType: 'Bundle', entry } }),
      'GET /fhir/R4/Patient?_id=q': () => ({ status: 200, body: { resourceType: 'Bundle', entry } }),
      'GET /fhir/R4/Patient?_id=r': () => ({ status: 200, body: { resourceType: 'Bundle' } }),
    });

    expect(await api.findById('Patient', 'p')).to.have.property('id', 'p');
    expect(await api.findById('Patient', 'q')).to.equal(null);
    expect(await api.findById('Patient', 'r')).to.equal(null);
  });

  it('gives up after its limit, and says so', async () => {
    const api = await client({ 'GET /fhir/R4/Patient/p': () => null }, 200);

    const error = await failureOf(api.read('Patient', 'p'));

    expect(error).to.be.instanceOf(UnreachableError).with.property('message').that.includes('no answer within 200 ms');
  });

  it('ends with the reason of the caller who aborts', async () => {
    await client({ 'GET /healthcheck': () => null });
    const abort = new AbortController();
    const target = { endpoint: { address: '127.0.0.1', port: server.port }, baseUrl: BASE_URL };
    const asked = checkHealth(target, { timeoutMs: 5000, signal: abort.signal });
    const reason = new Error('stopped by the operator');
    abort.abort(reason);

    expect(await failureOf(asked)).to.equal(reason);
  });

  it('waits for a job by the address the server names, at the endpoint', async () => {
    const job = (status: string): Answer => ({ status: 200, body: { resourceType: 'AsyncJob', status } });
    const api = await client({
      'POST /admin/super/reloadcron': () => ({
        status: 202,
        headers: { 'content-location': `${BASE_URL}fhir/R4/job/1/status` },
      }),
      'GET /fhir/R4/job/1/status': (count) => (count < 3 ? { status: 202 } : job('completed')),
    });

    await reloadCron(api, 10_000);

    expect(server.requests.filter(({ line }) => line.startsWith('GET'))).to.have.lengthOf(3);
    expect(server.requests[1]?.headers['prefer']).to.equal('respond-async');
  });

  it('tells a job that failed', async () => {
    const api = await client({
      'POST /admin/super/reloadcron': () => ({
        status: 202,
        headers: { 'content-location': `${BASE_URL}fhir/R4/job/1/status` },
      }),
      'GET /fhir/R4/job/1/status': () => ({ status: 200, body: { resourceType: 'AsyncJob', status: 'error' } }),
    });

    expect((await failureOf(reloadCron(api, 10_000))).message).to.include('"error"');
  });

  it('reads the pending migration', async () => {
    const body = { postDeployMigrations: [1, 2], pendingPostDeployMigration: 2 };
    const api = await client({ 'GET /admin/super/migrations': () => ({ status: 200, body }) });

    expect(await migrations(api)).to.deep.equal(body);
  });

  describe('health', () => {
    const cases = [
      [
        'a sound server',
        { status: 200, body: { ok: true, version: '5.0.10-6a4145c', postgres: true, redis: false } },
        200,
      ],
      ['a server without its database', { status: 500, body: { msg: 'Internal Server Error' } }, 500],
    ] as const;
    for (const [name, answer, status] of cases) {
      it(`of ${name}`, async () => {
        server = await fakeServer(() => answer);

        const target = { endpoint: { address: '127.0.0.1', port: server.port }, baseUrl: BASE_URL };
        expect(await checkHealth(target, { timeoutMs: 2000 })).to.deep.equal({
          kind: 'answered',
          status,
          body: answer.body,
        });
      });
    }

    it('of something that is no Medplum', async () => {
      server = await fakeServer(() => ({ status: 200, body: '<html>' }));

      const target = { endpoint: { address: '127.0.0.1', port: server.port }, baseUrl: BASE_URL };
      expect(await checkHealth(target, { timeoutMs: 2000 })).to.deep.equal({
        kind: 'answered',
        status: 200,
        body: null,
      });
    });

    it('of a port that nothing listens on', async () => {
      server = await fakeServer(() => null);

      const target = { endpoint: { address: '127.0.0.1', port: await freePort() }, baseUrl: BASE_URL };
      const health = await checkHealth(target, { timeoutMs: 2000 });
      expect(health.kind === 'unreachable' && health.reason).to.include('ECONNREFUSED');
    });
  });
});
