import { Resolver } from 'node:dns/promises';
import { z } from 'zod';
import { changeZone, readZone, type ZoneRecord } from '../dns/zone';
import { until } from '../process/daemon';
import type { LocalResource } from './resource';

const inputs = z.object({
  zoneFile: z.string(),
  name: z.string(),
  address: z.string(),
  ttlSeconds: z.number(),
  site: z.string(),
  /** Name of the stack that serves there. State of versions that did not write it has none. */
  stack: z.string().default(''),
  /** Address that the record must hold when this one is written; null when any will do. */
  replaces: z.string().nullable().default(null),
  /** Number of the cutover that asks for this address; 0 before the first. */
  generation: z.number(),
  server: z.object({ address: z.string(), port: z.number() }),
});
type Inputs = z.infer<typeof inputs>;
const state = inputs.extend({ current: z.string() });
type State = z.infer<typeof state>;

function wanted(record: Inputs): ZoneRecord {
  return {
    address: record.address,
    ttlSeconds: record.ttlSeconds,
    generation: record.generation,
    site: record.site,
    stack: record.stack,
  };
}

/** @throws when the record is not the one that this change was decided on. */
function assertUnchanged(record: Inputs, before: ZoneRecord): void {
  const { name, address, generation, replaces } = record;
  if (before.generation > generation) {
    throw new Error(
      `${name} leads to ${before.address} (site ${before.site}) since cutover ${before.generation}, and this config knows only of cutover ${generation}: it would move traffic back to ${address}. Use the stack config that the recovery wrote (medplum-dr:activeEndpoint)`
    );
  }
  if (replaces !== null && before.address !== replaces && before.address !== address) {
    throw new Error(
      `${name} was to be moved from ${replaces} to ${address}, but it leads to ${before.address} (site ${before.site}, cutover ${before.generation}): somebody else changed it, and nothing was changed here. Expected: ${replaces}; found: ${before.address}. Find out who changed it; then set the record back to ${replaces}, or medplum-dr:activeEndpoint.replaces to ${before.address}, and run this again`
    );
  }
}

async function write(record: Inputs): Promise<State> {
  await changeZone(record.zoneFile, (zone) => {
    const before = zone.records[record.name];
    if (before !== undefined) {
      assertUnchanged(record, before);
    }
    return { ...zone, records: { ...zone.records, [record.name]: wanted(record) } };
  });
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`${record.server.address}:${record.server.port}`]);
  // The zone is changed: a server that still gives the old answer is no reason to tell the engine otherwise. The driver
  // watches what clients get. One that gives none at all is.
  const answers: string[] = [];
  await until(async () => {
    try {
      const addresses = await resolver.resolve4(record.name);
      answers.push(...addresses);
      return addresses.includes(record.address);
    } catch {
      // The server may be starting; the deadline decides.
      return false;
    }
  }, 10_000);
  if (answers.length === 0) {
    throw new Error(
      `the name server at ${record.server.address}:${record.server.port} does not answer for ${record.name} 10 s after the change`
    );
  }
  return { ...record, current: record.address };
}

export const dnsRecordResource: LocalResource<Inputs, State> = {
  inputs,
  state,
  replaceOn: ['zoneFile', 'name'],
  createOnly: [],
  async create(record) {
    return { id: record.name, state: await write(record) };
  },
  async observe(record) {
    const current = (await readZone(record.zoneFile)).records[record.name];
    if (current === undefined) {
      return { kind: 'gone' };
    }
    // After a refresh the recorded state is what was found, so what is wanted is compared as well.
    return [record.current, record.address].every((address) => address === current.address) &&
      current.ttlSeconds === record.ttlSeconds &&
      current.stack === record.stack
      ? { kind: 'as-recorded' }
      : {
          kind: 'drifted',
          state: { ...record, current: current.address, generation: current.generation, stack: current.stack },
        };
  },
  async update(_old, record) {
    return write(record);
  },
  async remove(record) {
    await changeZone(record.zoneFile, (zone) => {
      const { [record.name]: removed, ...others } = zone.records;
      return { ...zone, records: others };
    });
  },
};
