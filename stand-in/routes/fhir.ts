import { badRequest, getStatus, notFound } from '@medplum/core';
import { FhirRouter, type FhirRequest, type HttpMethod } from '@medplum/fhir-router';
import type { Bundle, OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { Principal } from '../access';
import type { Application } from '../application';
import { BatchRepository } from '../batch-repository';
import { fhir, outcomeReply, readBody, readJsonBody, type Reply, type Request } from '../http';
import { assertBundleSearchable, assertSearchable } from '../query-check';
import { PostgresFhirRepository } from '../repository';

const router = new FhirRouter();

/** Everything under `/fhir/R4/` that the router of Medplum's own packages knows, but GraphQL. */
export async function fhirRequest(
  application: Application,
  request: Request,
  principal: Principal,
  path: string
): Promise<Reply> {
  if (path === '$graphql') {
    return outcomeReply(notFound);
  }
  const { method, url, message } = request;
  assertSearchable(url.searchParams);
  if (message.headers['if-none-exist'] !== undefined) {
    assertSearchable(new URLSearchParams(String(message.headers['if-none-exist'])));
  }
  const body = method === 'GET' || method === 'DELETE' ? undefined : await bodyOf(request);
  if (body === undefined && !['GET', 'DELETE'].includes(method)) {
    return outcomeReply(badRequest('Empty body'));
  }
  const fhirRequest: FhirRequest = {
    method: method as HttpMethod,
    url: `${path}${url.search}`,
    pathname: '',
    params: {},
    query: {},
    headers: message.headers,
    body,
    config: { transactions: true },
  };
  const parts = { pool: application.pool, baseUrl: application.configuration.baseUrl, writer: application.writer };
  if (method === 'POST' && path === '') {
    return bundleReply(fhirRequest, new BatchRepository(parts, principal));
  }
  const [outcome, resource] = await router.handleRequest(fhirRequest, new PostgresFhirRepository(parts, principal));
  return reply(application, outcome, resource);
}

async function bodyOf({ message, url }: Request): Promise<unknown> {
  if (!url.pathname.endsWith('/_search')) {
    return readJsonBody(message);
  }
  const form = new URLSearchParams((await readBody(message)).toString('utf8'));
  assertSearchable(form);
  return Object.fromEntries([...form.keys()].map((key) => [key, form.getAll(key)]));
}

async function bundleReply(request: FhirRequest, repository: BatchRepository): Promise<Reply> {
  const bundle = request.body as Resource;
  if (bundle.resourceType !== 'Bundle') {
    return outcomeReply(badRequest('Not a bundle'));
  }
  assertBundleSearchable(bundle);
  const [outcome, result] = await router.handleRequest(request, repository);
  await repository.flush();
  return result === undefined
    ? outcomeReply(outcome)
    : fhir(getStatus(outcome), withFailures(result as Bundle, repository.failures));
}

/** Answers of entries whose write was held back and then failed become what it failed with. */
function withFailures(bundle: Bundle, failures: ReadonlyMap<string, OperationOutcome>): Bundle {
  if (failures.size === 0) {
    return bundle;
  }
  return {
    ...bundle,
    entry: bundle.entry?.map((entry) => {
      const failure = failures.get(entry.resource?.meta?.versionId ?? '');
      return failure === undefined ? entry : { response: { status: String(getStatus(failure)), outcome: failure } };
    }),
  };
}

/** The reply for one resource, with the headers of FHIR's versioned reads. */
export function reply(application: Application, outcome: OperationOutcome, resource: Resource | undefined): Reply {
  const status = getStatus(outcome);
  if (resource === undefined) {
    return outcomeReply(outcome);
  }
  const { id, meta, resourceType } = resource;
  const versioned: Record<string, string> =
    meta?.versionId === undefined || meta.lastUpdated === undefined
      ? {}
      : { etag: `W/"${meta.versionId}"`, 'last-modified': new Date(meta.lastUpdated).toUTCString() };
  const location: Record<string, string> =
    status === 201 ? { location: `${application.configuration.baseUrl}fhir/R4/${resourceType}/${id ?? ''}` } : {};
  return fhir(status, resource, { ...versioned, ...location });
}
