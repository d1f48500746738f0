import type { ZoneRecord } from './zone';

/** Who serves an environment: the stack that the last cutover led to, by the number of that cutover. */
export type Serving = Pick<ZoneRecord, 'generation' | 'site' | 'stack'>;

const PREFIX = '_medplum-dr.';

/** The name whose TXT record tells who serves behind an environment's name. */
export function servingName(name: string): string {
  return `${PREFIX}${name}`;
}

/** The environment's name that a serving name is about; null for any other name. */
export function nameServed(servingName: string): string | null {
  return servingName.startsWith(PREFIX) ? servingName.slice(PREFIX.length) : null;
}

/** As the TXT record has it: `generation=3 site=site-b stack=prod-r-20261124-1`. A record without a stack names none. */
export function formatServing({ generation, site, stack }: Serving): string {
  return `generation=${generation} site=${site} stack=${stack}`;
}

/** Null for any other text. */
export function parseServing(text: string): Serving | null {
  const [, generation, site, stack] = /^generation=(\d+) site=(\S*) stack=(\S*)$/.exec(text) ?? [];
  return generation === undefined || site === undefined || stack === undefined
    ? null
    : { generation: Number(generation), site, stack };
}
