import { badRequest, OperationOutcomeError } from '@medplum/core';

const supportedModifiers: ReadonlySet<string> = new Set(['missing', 'not', 'present']);
const formats = /^(json|application\/json|application\/fhir\+json)$/;

/**
 * Refuses what core's parser of searches would drop without a word: modifiers it does not know, and values of
 * `_summary`, `_total` and `_format` that mean something else than it takes them for.
 * @throws OperationOutcomeError 400
 */
export function assertSearchable(query: URLSearchParams): void {
  for (const [key, value] of query) {
    const [code, modifier] = key.split(':');
    const isRefused =
      (modifier !== undefined && !supportedModifiers.has(modifier)) ||
      (code === '_summary' && !['count', 'false'].includes(value)) ||
      (code === '_total' && !['none', 'estimate', 'accurate'].includes(value)) ||
      (code === '_format' && !formats.test(value));
    if (isRefused) {
      throw new OperationOutcomeError(badRequest(`The stand-in does not support ${key}=${value}`));
    }
  }
}

/** A bundle as far as it matters here; what a client sends need not be a whole one. */
interface SearchingBundle {
  entry?: { request?: { url?: string; ifNoneExist?: string } }[];
}

/** The same for the searches in a bundle's entries. @throws OperationOutcomeError 400 */
export function assertBundleSearchable(bundle: SearchingBundle): void {
  for (const { request } of bundle.entry ?? []) {
    const [, query] = request?.url?.split('?') ?? [];
    for (const text of [query, request?.ifNoneExist]) {
      assertSearchable(new URLSearchParams(text));
    }
  }
}
