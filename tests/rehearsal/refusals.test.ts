import { expect } from 'chai';
import { loadExamples } from '../../automation/rehearsal/data/load-examples';
import { loadResources } from '../../automation/rehearsal/data/load';
import { OperatorError } from '../../components/errors';
import { ApiClient } from '../../medplum/api-client';
import type { CreateBatch } from '../../medplum/resources';
import { fakeServer, type FakeServer } from '../medplum/fake-server';

const outcome = (text: string): object => ({ resourceType: 'OperationOutcome', issue: [{ details: { text } }] });

describe('refused resources', () => {
  let server: FakeServer;

  afterEach(async () => {
    await server.close();
  });

  /** A server that refuses resources by type with a reason, and takes all others. */
  async function refusing(reasons: Record<string, string>): Promise<ApiClient> {
    server = await fakeServer((line, _count, body) => {
      if (line === 'POST /oauth2/token') {
        return { status: 200, body: { access_token: 'token' } };
      }
      if (line === 'POST /fhir/R4/Binary') {
        const reason = reasons['Binary'];
        const meta = { versionId: 'version', lastUpdated: '2026-01-01T00:00:00Z' };
        return reason === undefined
          ? { status: 201, body: { resourceType: 'Binary', id: 'id', meta } }
          : { status: 400, body: outcome(reason) };
      }
      const entry = (JSON.parse(body) as CreateBatch).entry.map(({ resource }) => {
        const reason = reasons[resource.resourceType];
        return { response: reason === undefined ? { status: '201' } : { status: '400', outcome: outcome(reason) } };
      });
      return { status: 200, body: { resourceType: 'Bundle', type: 'batch-response', entry } };
    });
    const endpoint = { address: '127.0.0.1', port: server.port };
    const credentials = { clientId: 'id', clientSecret: 'secret' };
    return new ApiClient({ endpoint, baseUrl: 'http://api.example.com/', timeoutMs: 2000, credentials });
  }

  it('that are examples are named by reason, and the others counted', async () => {
    const api = await refusing({ Evidence: 'Unknown type', MedicinalProduct: 'Unknown type', Binary: 'No storage' });
    const examples = [
      { resourceType: 'Evidence', id: 'one' },
      { resourceType: 'Patient', id: 'two' },
      { resourceType: 'MedicinalProduct', id: 'three' },
      { resourceType: 'Binary', id: 'four', contentType: 'text/plain', data: 'aGVsbG8=' },
    ];
    const taken: string[] = [];

    const refused = await loadExamples({
      api,
      examples,
      parallel: 2,
      signal: undefined,
      add: (types) => taken.push(...types),
    });

    expect(taken).to.deep.equal(['Patient']);
    expect(refused).to.deep.equal([
      { reason: 'Unknown type', names: ['Evidence/one', 'MedicinalProduct/three'] },
      { reason: 'No storage', names: ['Binary/four'] },
    ]);
    expect(server.requests.filter(({ line }) => line === 'POST /fhir/R4')).to.have.lengthOf(1);
  });

  for (const [name, reasons] of [
    ['in a batch', { Patient: 'Too Many Requests' }],
    ['as bytes', { Binary: 'Too Many Requests' }],
  ] as const) {
    it(`that are generated end the loading, with the reason: ${name}`, async () => {
      const api = await refusing(reasons);

      const error = await loadResources({ api, count: 300, seed: 3, parallel: 1 }).catch((failure: unknown) => failure);

      expect(error).to.be.instanceOf(OperatorError).with.property('message').that.includes('Too Many Requests');
    });
  }
});
