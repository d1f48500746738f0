import { expect } from 'chai';
import fc from 'fast-check';
import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { countsAsOf } from '../../medplum/as-of-counts';
import { startDatabase, type TestDatabase } from './database';
import { makeTables } from './tables';

const TYPES = ['Observation', 'Patient'] as const;
const IDS = Array.from({ length: 4 }, () => randomUUID());
const START = Date.UTC(2026, 0, 1);

interface Write {
  readonly type: (typeof TYPES)[number];
  readonly id: string;
  readonly at: number;
  readonly isDelete: boolean;
}

/** Writes in order of time, with no two of one resource at the same time. */
const history: fc.Arbitrary<Write[]> = fc
  .uniqueArray(
    fc.record({
      type: fc.constantFrom(...TYPES),
      id: fc.constantFrom(...IDS),
      at: fc.integer({ min: 0, max: 40 }),
      isDelete: fc.boolean(),
    }),
    { maxLength: 40, selector: ({ type, id, at }) => `${type} ${id} ${at}` }
  )
  .map((writes) => writes.sort((a, b) => a.at - b.at));

/** Every state a type could be in when each write within the slack may or may not have been seen. */
function bruteForce(
  writes: readonly Write[],
  type: string,
  at: number,
  slack: number
): { least: number; most: number } {
  let least = 0;
  let most = 0;
  for (const id of IDS) {
    const own = writes.filter((write) => write.type === type && write.id === id);
    const states = new Set<boolean>();
    for (let moment = at - slack; moment <= at + slack; moment++) {
      states.add(own.filter((write) => write.at <= moment).at(-1)?.isDelete === false);
    }
    least += states.has(false) ? 0 : 1;
    most += states.has(true) ? 1 : 0;
  }
  return { least, most };
}

describe('counts of a past moment', () => {
  let database: TestDatabase;
  let client: Client;

  before(async () => {
    database = await startDatabase();
    client = await database.connect();
    await makeTables(client, TYPES);
  });

  after(async () => {
    await client.end();
    await database.remove();
  });

  async function write(writes: readonly Write[]): Promise<void> {
    await client.query('truncate "Patient", "Patient_History", "Observation", "Observation_History"');
    for (const type of TYPES) {
      const own = writes.filter((entry) => entry.type === type);
      await client.query(
        `insert into "${type}_History" select gen_random_uuid(), * from unnest($1::uuid[], $2::text[], $3::timestamptz[])`,
        [
          own.map((entry) => entry.id),
          own.map((entry) => (entry.isDelete ? '' : '{}')),
          own.map((entry) => new Date(START + entry.at)),
        ]
      );
      await writeNewest(type);
    }
  }

  /** The main table as Medplum keeps it: the newest version of each id. */
  async function writeNewest(type: string): Promise<void> {
    await client.query(
      `insert into "${type}" (id, content, "lastUpdated", deleted)
       select distinct on (id) id, content, "lastUpdated", content = ''
         from "${type}_History" order by id, "lastUpdated" desc`
    );
  }

  it('are those of a recount of every possible state, for any history, moment and slack', async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 5 }),
        async (writes, at, slack) => {
          await write(writes);

          const counts = await countsAsOf(client, new Date(START + at), slack);

          for (const type of TYPES) {
            expect(counts[type], type).to.deep.equal(bruteForce(writes, type, at, slack));
          }
        }
      ),
      { numRuns: 150 }
    );
  });

  it('are exact without slack', async () => {
    const [id = ''] = IDS;
    await write([
      { type: 'Patient', id, at: 10, isDelete: false },
      { type: 'Patient', id, at: 20, isDelete: true },
      { type: 'Patient', id, at: 30, isDelete: false },
    ]);

    const at = async (moment: number): Promise<unknown> =>
      (await countsAsOf(client, new Date(START + moment), 0))['Patient'];

    expect(await at(9)).to.deep.equal({ least: 0, most: 0 });
    expect(await at(10)).to.deep.equal({ least: 1, most: 1 });
    expect(await at(20)).to.deep.equal({ least: 0, most: 0 });
    expect(await at(31)).to.deep.equal({ least: 1, most: 1 });
  });

  it('leave open what a write and a delete at the same time came to', async () => {
    const [id = ''] = IDS;
    await write([
      { type: 'Patient', id, at: 10, isDelete: false },
      { type: 'Patient', id, at: 10, isDelete: true },
      { type: 'Patient', id, at: 20, isDelete: true },
    ]);

    expect((await countsAsOf(client, new Date(START + 10), 0))['Patient']).to.deep.equal({ least: 0, most: 1 });
  });

  it('miss what the main table has lost, whatever its history tells', async () => {
    const [id = ''] = IDS;
    await write([{ type: 'Patient', id, at: 10, isDelete: false }]);
    await client.query('delete from "Patient"');

    expect((await countsAsOf(client, new Date(START + 20), 5))['Patient']).to.deep.equal({ least: 0, most: 0 });
  });

  it('take seconds, not minutes, over a million versions', async () => {
    await write([]);
    await client.query(
      `insert into "Observation_History"
       select gen_random_uuid(), md5((n % 800000)::text)::uuid, case when n % 97 = 0 then '' else repeat('x', 300) end,
              $1::timestamptz + n * interval '1 ms'
         from generate_series(1, 1000000) n`,
      [new Date(START)]
    );
    await writeNewest('Observation');
    const startedAt = performance.now();

    const counts = await countsAsOf(client, new Date(START + 500_000), 100);

    expect(counts['Observation']?.least).to.be.within(494_000, 495_000);
    expect((performance.now() - startedAt) / 1000).to.be.below(20);
    await write([]);
  });
});
