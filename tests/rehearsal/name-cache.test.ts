import { expect } from 'chai';
import { setTimeout as sleep } from 'node:timers/promises';
import { NameCache } from '../../automation/rehearsal/client/name-cache';
import { startNameServer, type NameServer } from './name-server';

describe("the client's name cache", () => {
  let server: NameServer;

  afterEach(async () => {
    await server.close();
  });

  it('keeps an address for exactly its TTL', async () => {
    server = await startNameServer('127.0.0.2', 1);
    const cache = new NameCache('api.example.com', server);
    const askedAt = performance.now();
    expect(await cache.resolve()).to.deep.equal({ address: '127.0.0.2', ttl: 1, fresh: true });
    server.set('127.0.0.3', 5);

    let seen = await cache.resolve();
    let keptUntil = askedAt;
    while (!seen.fresh) {
      expect(seen.address).to.equal('127.0.0.2');
      keptUntil = performance.now();
      await sleep(10);
      seen = await cache.resolve();
    }

    expect(seen).to.deep.equal({ address: '127.0.0.3', ttl: 5, fresh: true });
    expect(performance.now() - askedAt).to.be.at.least(1000);
    // The last use of the old answer lies within its second, but for the time the first question took.
    expect(keptUntil - askedAt).to.be.below(1500);
    expect(server.questions()).to.equal(2);
  });

  it('asks each time where the TTL is 0', async () => {
    server = await startNameServer('127.0.0.2', 0);
    const cache = new NameCache('api.example.com', server);

    await cache.resolve();
    await cache.resolve();

    expect(server.questions()).to.equal(2);
  });

  it('fails, and uses nothing old, when the TTL is over and no name server answers', async () => {
    server = await startNameServer('127.0.0.2', 0);
    const cache = new NameCache('api.example.com', { address: '127.0.0.1', port: server.port });
    await cache.resolve();
    await server.close();

    const error = await cache.resolve().catch((failure: unknown) => failure);

    expect(error).to.be.an('error').with.property('code').that.is.oneOf(['ECONNREFUSED', 'ETIMEOUT']);
    server = await startNameServer('127.0.0.2', 0);
  });
});
