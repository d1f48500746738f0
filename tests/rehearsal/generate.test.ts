import { expect } from 'chai';
import fc from 'fast-check';
import { generateResources, type GeneratedBatch } from '../../automation/rehearsal/data/generate';

const options = fc.record({ count: fc.integer({ min: 1, max: 600 }), seed: fc.integer({ min: 0, max: 0xffffffff }) });

function sizeOf({ binaries, bundle }: GeneratedBatch): number {
  return binaries.length + bundle.entry.length;
}

describe('generated resources', () => {
  it('are the same for the same seed, and others for another', () => {
    fc.assert(
      fc.property(options, ({ count, seed }) => {
        const once = [...generateResources({ count, seed })];

        expect([...generateResources({ count, seed })]).to.deep.equal(once);
        expect([...generateResources({ count, seed: seed + 1 })]).not.to.deep.equal(once);
      }),
      { numRuns: 30 }
    );
  });

  it('are as many as asked for', () => {
    fc.assert(
      fc.property(options, ({ count, seed }) => {
        const sizes = [...generateResources({ count, seed })].map(sizeOf);

        expect(sizes.reduce((sum, size) => sum + size, 0)).to.equal(count);
        expect(Math.min(...sizes)).to.be.above(0);
      })
    );
  });

  it('refer only to what is in the same batch, each to its own', () => {
    fc.assert(
      fc.property(options, ({ count, seed }) => {
        const fullUrls = new Set<string>();
        for (const { binaries, bundle } of generateResources({ count, seed })) {
          const text = JSON.stringify(bundle);
          const own = new Map(bundle.entry.map(({ fullUrl, resource }) => [fullUrl, resource]));
          for (const { fullUrl, resource } of bundle.entry) {
            expect(fullUrls.has(fullUrl ?? ''), 'a fullUrl is given once').to.equal(false);
            fullUrls.add(fullUrl ?? '');
            for (const [, reference] of JSON.stringify(resource).matchAll(/"reference":"([^"]*)"/g)) {
              expect(own.has(reference), reference).to.equal(true);
            }
            const { subject, encounter } = resource as {
              subject?: { reference: string };
              encounter?: { reference: string };
            };
            if (encounter !== undefined) {
              expect(own.get(encounter.reference)).to.have.deep.property('subject', subject);
            }
          }
          for (const { placeholder } of binaries) {
            expect(text.split(placeholder)).to.have.lengthOf(2);
          }
        }
      }),
      { numRuns: 50 }
    );
  });

  it('are mixed as in a clinic, with about 2 % Binaries of 1 to 66 kB, and vital signs within their visits', () => {
    const counts: Record<string, number> = {};
    const sizes: number[] = [];
    for (const { binaries, bundle } of generateResources({ count: 20_000, seed: 1 })) {
      const own = new Map(bundle.entry.map(({ fullUrl, resource }) => [fullUrl, resource]));
      sizes.push(...binaries.map(({ data }) => data.length));
      for (const { resource } of bundle.entry) {
        counts[resource.resourceType] = (counts[resource.resourceType] ?? 0) + 1;
        if (resource.resourceType === 'Observation') {
          const { encounter, effectiveDateTime } = resource as unknown as {
            encounter: { reference: string };
            effectiveDateTime: string;
          };
          const { period } = own.get(encounter.reference) as unknown as { period: { start: string; end: string } };
          expect(effectiveDateTime >= period.start && effectiveDateTime <= period.end).to.equal(true);
        }
      }
    }

    expect(Object.keys(counts).sort()).to.deep.equal(['DocumentReference', 'Encounter', 'Observation', 'Patient']);
    expect(sizes.length / 20_000).to.be.within(0.012, 0.03);
    expect(counts['DocumentReference']).to.equal(sizes.length);
    expect(Math.min(...sizes)).to.be.at.least(1000);
    expect(Math.max(...sizes)).to.be.at.most(66_000);
    expect(counts['Observation']).to.be.above(counts['Encounter'] ?? Infinity);
  });
});
