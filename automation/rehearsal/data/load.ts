import { OperatorError } from '../../../components/errors';
import type { ApiClient } from '../../../medplum/api-client';
import { ApiError } from '../../../medplum/api-error';
import type { BatchResponse, CreateBatch } from '../../../medplum/resources';
import { generateResources, type GeneratedBatch } from './generate';
import { readExamples } from './examples';
import { inParallel } from './parallel';
import { loadExamples, type RefusedExamples } from './load-examples';
import { createdTypes } from './batch-result';

export const DEFAULT_RESOURCES = 20_000;

export interface LoadOptions {
  /** An ordinary project's client. */
  readonly api: ApiClient;
  /** Resources to be there in the end, the accepted examples included. Default 20,000. */
  readonly count?: number;
  /** Seed of the generated ones. Default 1. */
  readonly seed?: number;
  /** Requests at a time. Default 4. */
  readonly parallel?: number;
  readonly onProgress?: (progress: { readonly loaded: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

export interface LoadResult {
  /** Resources that the server took, per type. */
  readonly created: Readonly<Record<string, number>>;
  readonly total: number;
  readonly examples:
    | { readonly state: 'loaded'; readonly accepted: number; readonly refused: readonly RefusedExamples[] }
    | { readonly state: 'not-installed' };
  readonly seconds: number;
}

/**
 * Fills a Medplum through its API: HL7's examples (at most a quarter), then generated resources up to `count`.
 * Examples that the server refuses are counted by its reason; nothing is repeated.
 * @throws OperatorError when the server refuses a generated resource, as no drill can count on the data then.
 */
export async function loadResources(options: LoadOptions): Promise<LoadResult> {
  const { api, count = DEFAULT_RESOURCES, seed = 1, parallel = 4, onProgress, signal } = options;
  const startedAt = performance.now();
  const created: Record<string, number> = {};
  let loaded = 0;
  const add = (types: readonly string[]): void => {
    for (const type of types) {
      created[type] = (created[type] ?? 0) + 1;
    }
    loaded += types.length;
    onProgress?.({ loaded, total: count });
  };
  const examples = await readExamples();
  const most = Math.floor(count / 4);
  const refused =
    examples === null ? [] : await loadExamples({ api, examples: spread(examples, most), parallel, signal, add });
  const accepted = loaded;
  await inParallel(generateResources({ count: count - accepted, seed }), parallel, async (batch) => {
    signal?.throwIfAborted();
    add(await loadBatch(api, batch));
  });
  return {
    created,
    total: loaded,
    examples: examples === null ? { state: 'not-installed' } : { state: 'loaded', accepted, refused },
    seconds: (performance.now() - startedAt) / 1000,
  };
}

async function loadBatch(api: ApiClient, batch: GeneratedBatch): Promise<string[]> {
  try {
    const { bundle, response } = await sendBatch(api, batch);
    const { accepted, refused } = createdTypes(bundle, response);
    const [first] = refused;
    if (first !== undefined) {
      throw refusal(`a generated ${first.resourceType}: ${first.reason}`);
    }
    return [...accepted, ...batch.binaries.map(() => 'Binary')];
  } catch (error) {
    throw error instanceof ApiError ? refusal(`generated data: ${error.message}`, error) : error;
  }
}

async function sendBatch(
  api: ApiClient,
  { binaries, bundle }: GeneratedBatch
): Promise<{ bundle: CreateBatch; response: BatchResponse }> {
  let text = JSON.stringify(bundle);
  for (const binary of binaries) {
    const stored = await api.createBinary(binary.data, binary.contentType);
    text = text.replace(binary.placeholder, `Binary/${stored.id}`);
  }
  const resolved = JSON.parse(text) as CreateBatch;
  return { bundle: resolved, response: await api.batch(resolved) };
}

function refusal(what: string, cause?: ApiError): OperatorError {
  return new OperatorError('recovery-failed', `The server refused ${what}`, {
    hint: 'If it says too many requests, set MEDPLUM_DEFAULT_FHIR_QUOTA=1000000000 and MEDPLUM_DEFAULT_RATE_LIMIT=-1 on it.',
    cause,
  });
}

/** At most `most` items, evenly over the whole list. */
function spread<T>(items: readonly T[], most: number): T[] {
  const step = Math.max(1, items.length / Math.max(most, 1));
  return items.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step)).slice(0, most);
}
