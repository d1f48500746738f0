import { badRequest, type Filter, isUUID, OperationOutcomeError, splitSearchOnComma, toPeriod } from '@medplum/core';
import type { ResourceType } from '@medplum/fhirtypes';
import { type Matcher, matcherOf } from './search-parameters';

/** A search's filters: what the database decides, and what is left to decide on each row it gives. */
export interface Conditions {
  /** The text of a WHERE clause, its parameters numbered from 1. */
  readonly where: string;
  readonly values: readonly unknown[];
  readonly matchers: readonly Matcher[];
}

/**
 * `_id` and `_lastUpdated` are answered by the database alone. Every other filter is matched in memory, on the rows
 * whose text contains what the filter asks for.
 * @throws OperationOutcomeError 400 for what is not supported: nothing is silently ignored.
 */
export function conditionsOf(
  resourceType: ResourceType,
  filters: readonly Filter[],
  projectId: string | undefined
): Conditions {
  const values: unknown[] = [];
  const place = (value: unknown): string => `$${String(values.push(value))}`;
  const where = ['NOT deleted'];
  const matchers: Matcher[] = [];
  if (projectId !== undefined) {
    where.push(`"projectId" = ${place(projectId)}`);
  }
  for (const filter of filters) {
    if (filter.code === '_id') {
      where.push(idCondition(filter, place));
    } else if (filter.code === '_lastUpdated') {
      where.push(lastUpdatedCondition(filter, place));
    } else {
      matchers.push(matcherOf(resourceType, filter));
      where.push(...containsCondition(filter, place));
    }
  }
  return { where: where.join(' AND '), values, matchers };
}

type Place = (value: unknown) => string;

function idCondition(filter: Filter, place: Place): string {
  // What is no UUID is no id of any row.
  const ids = place(splitSearchOnComma(filter.value).filter(isUUID));
  if (filter.operator === 'eq') {
    return `id = ANY(${ids}::uuid[])`;
  }
  if (filter.operator === 'not') {
    return `NOT id = ANY(${ids}::uuid[])`;
  }
  throw new OperationOutcomeError(badRequest(`The stand-in does not support _id with operator ${filter.operator}`));
}

function lastUpdatedCondition(filter: Filter, place: Place): string {
  const period = toPeriod(filter.value);
  if (period?.start === undefined || period.end === undefined) {
    throw new OperationOutcomeError(badRequest(`Invalid date/time for _lastUpdated: ${filter.value}`));
  }
  const condition = periodConditions[filter.operator];
  if (condition === undefined) {
    throw new OperationOutcomeError(
      badRequest(`The stand-in does not support _lastUpdated with operator ${filter.operator}`)
    );
  }
  return condition(`${place(period.start)}::timestamptz`, `${place(period.end)}::timestamptz`);
}

/**
 * FHIR's date prefixes, against the period that a date of any precision stands for. Each uses both ends, of which
 * `least` is the start: PostgreSQL wants every parameter mentioned.
 */
const periodConditions: Partial<Record<Filter['operator'], (start: string, end: string) => string>> = {
  eq: (start, end) => `"lastUpdated" BETWEEN ${start} AND ${end}`,
  ap: (start, end) => `"lastUpdated" BETWEEN ${start} AND ${end}`,
  ne: (start, end) => `"lastUpdated" NOT BETWEEN ${start} AND ${end}`,
  gt: (start, end) => `"lastUpdated" > greatest(${start}, ${end})`,
  sa: (start, end) => `"lastUpdated" > greatest(${start}, ${end})`,
  ge: (start, end) => `"lastUpdated" >= least(${start}, ${end})`,
  lt: (start, end) => `"lastUpdated" < least(${start}, ${end})`,
  eb: (start, end) => `"lastUpdated" < least(${start}, ${end})`,
  le: (start, end) => `"lastUpdated" <= greatest(${start}, ${end})`,
};

// What JSON writes as itself, so that a row that matches is bound to contain it.
const plainText = /^[\w :/.|+@-]+$/;

/** A condition that every match fulfils, so that few rows are left to parse; none where that is not certain. */
function containsCondition(filter: Filter, place: Place): string[] {
  const certain = ['identifier', 'url'].includes(filter.code) || /^[A-Z]\w+\/[\w-]+$/.test(filter.value);
  if (filter.operator !== 'eq' || !certain || !plainText.test(filter.value)) {
    return [];
  }
  const parts = filter.value.split('|').filter((part) => part !== '');
  return parts.map((part) => `position(lower(${place(part)}) in lower(content)) > 0`);
}
