import { expect } from 'chai';
import type { Client } from 'pg';
import { readExamples } from '../../automation/rehearsal/data/examples';
import { loadResources } from '../../automation/rehearsal/data/load';
import { takeFingerprint } from '../../medplum/fingerprint';
import { binaryVersions } from '../../medplum/writes';
import { freePort, startDatabase, type TestDatabase } from '../medplum/database';
import { startStandIn, type RunningStandIn } from './stand-in';

describe('loading resources', () => {
  let database: TestDatabase;
  let client: Client;
  let standIn: RunningStandIn;

  before(async () => {
    database = await startDatabase();
    client = await database.connect();
    const port = await freePort();
    standIn = await startStandIn({ database, address: '127.0.0.1', port, baseUrl: 'http://api.example.com/' });
  });

  after(async () => {
    await standIn.kill('SIGTERM');
    await client.end();
    await database.remove();
  });

  it('puts as many into the database as it says, examples among them', async () => {
    const before = await takeFingerprint(client);
    const progress: number[] = [];

    const result = await loadResources({
      api: standIn.api,
      count: 1000,
      seed: 7,
      onProgress: ({ loaded, total }) => {
        expect(total).to.equal(1000);
        progress.push(loaded);
      },
    });

    const after = await takeFingerprint(client, { sampleProject: standIn.project.projectId });
    for (const [type, count] of Object.entries(after.resourceCounts)) {
      expect(count - (before.resourceCounts[type] ?? 0), type).to.equal(result.created[type] ?? 0);
    }
    expect(result.total).to.equal(1000);
    expect(progress.at(-1)).to.equal(1000);
    expect(result.examples).to.include({ state: 'loaded' });
    const refused =
      result.examples.state === 'loaded' ? result.examples.refused.flatMap(({ names }) => names).length : 0;
    expect(result.examples).to.have.property('accepted', 250 - refused);
    for (const { resourceType, id, versionId } of after.samples) {
      expect(await standIn.api.findById(resourceType, id)).to.have.nested.property('meta.versionId', versionId);
    }
  });

  it('resolves what resources refer to, and stores the bytes of Binaries', async () => {
    const { resources } = await standIn.api.search('DocumentReference', { _count: '50', _sort: '-_lastUpdated' });
    const generated = resources.find((resource) => JSON.stringify(resource).includes('Visit note'));

    const text = JSON.stringify(generated);
    const subject = /"subject":\{"reference":"Patient\/([^"]+)"/.exec(text)?.[1] ?? 'none';
    expect(await standIn.api.findById('Patient', subject)).to.have.property('id', subject);
    const id = /(?:Binary|storage)\/([0-9a-f-]{36})/.exec(text)?.[1] ?? 'none';
    expect((await standIn.api.readBinary(id)).toString()).to.match(/^Visit note of /);
    expect((await binaryVersions(client)).map((binary) => binary.id)).to.include(id);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    const reason = new Error('stopped by the operator');
    const loading = loadResources({
      api: standIn.api,
      count: 5000,
      signal: stop.signal,
      onProgress: () => {
        stop.abort(reason);
      },
    });

    expect(await loading.catch((error: unknown) => error)).to.equal(reason);
  });

  it('fails, and does not go on, when the server cannot be reached', async () => {
    const port = await freePort();
    const gone = standIn.api.at({ address: '127.0.0.1', port });

    const error = await loadResources({ api: gone, count: 5000 }).catch((failure: unknown) => failure);

    expect(error).to.be.an('error').with.property('message').that.includes('ECONNREFUSED');
  });
});

describe('FHIR examples', () => {
  it('are hundreds of resources of many types, none of them a definition, a bundle or a Subscription', async () => {
    const examples = (await readExamples()) ?? [];

    const types = new Set(examples.map(({ resourceType }) => resourceType));
    expect(examples).to.have.lengthOf.above(600);
    expect(types.size).to.be.above(100);
    expect(types).to.include('Patient').and.not.include('Bundle').and.not.include('Subscription');
  });
});
