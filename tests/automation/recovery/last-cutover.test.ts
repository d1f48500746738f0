import { expect } from 'chai';
import fc from 'fast-check';
import { newerCutover, noteCutover, staleConfig } from '../../../automation/recovery/last-cutover';
import { MemoryStore } from '../../control/memory-store';
import { failureOf } from '../../control/failure-of';
import { activeBy } from './a-run';

describe('the last cutover', () => {
  it('is none where nobody noted one', async () => {
    expect(await newerCutover(new MemoryStore(), 'prod', undefined)).to.equal(null);
    expect(await newerCutover(new MemoryStore(), 'prod', activeBy('run-1'))).to.equal(null);
  });

  it('is told to who has not heard of it, and of each environment for itself', async () => {
    const store = new MemoryStore();
    await noteCutover(store, 'prod', activeBy('run-2', 2));

    expect(await newerCutover(store, 'prod', undefined)).to.deep.equal(activeBy('run-2', 2));
    expect(await newerCutover(store, 'prod', activeBy('run-1', 1))).to.deep.equal(activeBy('run-2', 2));
    expect(await newerCutover(store, 'prod', activeBy('run-2', 2))).to.equal(null);
    expect(await newerCutover(store, 'prod', activeBy('run-3', 3))).to.equal(null);
    expect(await newerCutover(store, 'staging', undefined)).to.equal(null);
  });

  it('is the one of the highest number, in whatever order they are noted', async () => {
    const numbers = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(numbers, async (generations) => {
        const store = new MemoryStore();
        for (const generation of generations) {
          await noteCutover(store, 'prod', activeBy(`run-${generation}`, generation));
        }

        expect((await newerCutover(store, 'prod', undefined))?.generation).to.equal(Math.max(...generations));
      })
    );
  });

  it('does not hide a note that cannot be read', async () => {
    const store = new MemoryStore();
    await store.replace('active/prod.json', '{"generation": "two"}');

    expect(await failureOf(newerCutover(store, 'prod', undefined))).to.have.property('name', 'ZodError');
  });

  it('refuses a stale project folder by naming what serves, since when and by which run', () => {
    const error = staleConfig('prod', activeBy('run-2', 2));

    expect(error.kind).to.equal('bad-input');
    expect(error.message)
      .to.include('"prod" is older than its last cutover')
      .and.include('site-b (stack prod-run-2) serves since 2026-11-24T03:10:00.000Z, by run run-2');
    expect(error.hint).to.include('stacks/Pulumi.*.yaml').and.include('prod-run-2');
  });
});
