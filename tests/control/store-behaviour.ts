import { expect } from 'chai';
import type { ControlStore } from '../../automation/control/store';

/** What every store must do. `open` gives a further store over the same objects, as another driver would have. */
export function itBehavesAsAControlStore(open: () => Promise<ControlStore>): void {
  let store: ControlStore;
  let other: ControlStore;
  beforeEach(async () => {
    store = await open();
    other = await open();
  });

  it('has nothing at first', async () => {
    expect(await store.list('')).to.deep.equal([]);
    expect(await store.list('runs/')).to.deep.equal([]);
    expect(await store.read('runs/a.json')).to.equal(null);
    await store.remove('runs/a.json');
    expect(await store.list('')).to.deep.equal([]);
  });

  it('shows at once to another what one wrote', async () => {
    expect(await store.create('runs/a/header.json', 'Grüße, 東京 🚑\n')).to.equal(true);
    expect(await other.read('runs/a/header.json')).to.equal('Grüße, 東京 🚑\n');
    await other.replace('runs/a/header.json', '');
    expect(await store.read('runs/a/header.json')).to.equal('');
    await store.remove('runs/a/header.json');
    expect(await other.read('runs/a/header.json')).to.equal(null);
    expect(await other.create('runs/a/header.json', 'again')).to.equal(true);
  });

  it('makes an object once and keeps its first text', async () => {
    expect(await store.create('locks/a.json', 'first')).to.equal(true);
    expect(await store.create('locks/a.json', 'first')).to.equal(false);
    expect(await other.create('locks/a.json', 'second')).to.equal(false);
    expect(await store.read('locks/a.json')).to.equal('first');
  });

  it('makes an object by replacing what is not there', async () => {
    await store.replace('locks/a.alive', '1');
    expect(await other.read('locks/a.alive')).to.equal('1');
    expect(await other.create('locks/a.alive', '2')).to.equal(false);
  });

  it('gives true to exactly one of many that try at once, though all write the same', async () => {
    for (const round of [1, 2, 3, 4, 5]) {
      const key = `locks/prod/${round}.json`;
      const results = await Promise.all(
        Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? store : other).create(key, 'the same'))
      );
      expect(results.filter(Boolean), `round ${round}`).to.have.length(1);
    }
  });

  it('lists what is below a folder, sorted, and nothing beside it', async () => {
    for (const key of ['runs/b/2', 'runs/b/10', 'runs/a', 'runs-old/c', 'locks/d', 'top']) {
      await store.create(key, key);
    }
    expect(await other.list('runs/')).to.deep.equal(['runs/a', 'runs/b/10', 'runs/b/2']);
    expect(await other.list('runs/b/')).to.deep.equal(['runs/b/10', 'runs/b/2']);
    expect(await other.list('')).to.deep.equal(['locks/d', 'runs-old/c', 'runs/a', 'runs/b/10', 'runs/b/2', 'top']);
  });

  it('never shows a reader half a text', async () => {
    const texts = ['a'.repeat(300_000), 'b'.repeat(300_000)];
    await store.create('runs/a', texts[0]!);
    let writing = true;
    const writes = (async () => {
      for (let round = 0; round < 20; round++) {
        await store.replace('runs/a', texts[round % 2]!);
      }
      writing = false;
    })();
    let reads = 0;
    do {
      expect(texts).to.include(await other.read('runs/a'));
      reads++;
    } while (writing as boolean);
    await writes;
    expect(reads).to.be.greaterThan(1);
  });
}
