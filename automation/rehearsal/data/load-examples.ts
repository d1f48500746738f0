import { z } from 'zod';
import type { ApiClient } from '../../../medplum/api-client';
import { ApiError } from '../../../medplum/api-error';
import type { CreateBatch, Resource } from '../../../medplum/resources';
import { createdTypes } from './batch-result';
import { inParallel } from './parallel';

/** Examples that a server refused with one reason; each named such as `Patient/example`. */
export interface RefusedExamples {
  readonly reason: string;
  readonly names: readonly string[];
}

interface LoadExamplesOptions {
  readonly api: ApiClient;
  readonly examples: readonly Resource[];
  readonly parallel: number;
  readonly signal: AbortSignal | undefined;
  /** Told the types of every batch that was taken. */
  readonly add: (types: readonly string[]) => void;
}

const BATCH_ENTRIES = 20;

const binarySchema = z.object({
  resourceType: z.literal('Binary'),
  contentType: z.string(),
  // HL7's own has line feeds in it, which the strict form of base64 forbids.
  data: z.string().transform((text) => Buffer.from(text, 'base64')),
});

/** Loads examples, with ids of the server's. @returns what it refused, by reason. */
export async function loadExamples(options: LoadExamplesOptions): Promise<RefusedExamples[]> {
  const { api, examples, parallel, signal, add } = options;
  const refused = new Map<string, string[]>();
  const refuse = (reason: string, example: Resource | undefined): void => {
    refused.set(reason, [...(refused.get(reason) ?? []), nameOf(example)]);
  };
  // A Binary in a batch would be a row without bytes in the store: it is sent as bytes.
  const binaries = examples.filter((example) => example.resourceType === 'Binary');
  const others = examples.filter((example) => example.resourceType !== 'Binary');
  await inParallel(batchesOf(others), parallel, async (batch) => {
    signal?.throwIfAborted();
    const bundle = bundleOf(batch);
    const result = createdTypes(bundle, await api.batch(bundle));
    add(result.accepted);
    for (const { index, reason } of result.refused) {
      refuse(reason, batch[index]);
    }
  });
  for (const example of binaries) {
    signal?.throwIfAborted();
    const { contentType, data } = binarySchema.parse(example);
    try {
      await api.createBinary(data, contentType);
      add(['Binary']);
    } catch (error) {
      if (!(error instanceof ApiError)) {
        throw error;
      }
      refuse(error.outcome ?? error.message, example);
    }
  }
  return [...refused].map(([reason, names]) => ({ reason, names }));
}

function* batchesOf(examples: readonly Resource[]): Generator<Resource[], void, undefined> {
  for (let index = 0; index < examples.length; index += BATCH_ENTRIES) {
    yield examples.slice(index, index + BATCH_ENTRIES);
  }
}

function bundleOf(examples: readonly Resource[]): CreateBatch {
  const entry = examples.map((example) => ({
    request: { method: 'POST' as const, url: example.resourceType },
    resource: { ...example, id: undefined },
  }));
  return { resourceType: 'Bundle', type: 'batch', entry };
}

function nameOf(example: Resource | undefined): string {
  const id = example?.['id'];
  return `${example?.resourceType ?? 'unknown'}/${typeof id === 'string' ? id : 'without id'}`;
}
