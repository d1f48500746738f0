import { z } from 'zod';
import { OperatorError } from '../../../components/errors';
import { until } from '../../../components/local/process/daemon';
import { judged } from '../../verification/check';
import type { Scenario } from './scenario';

const undone = { id: 'bad-write-undone', title: 'What the bad write deleted is there again' };

/** How many patients the bad write deletes. */
const DELETED = 100;

/** Somebody's script deletes patients; the environment is recovered to the moment before. */
export const badWrite: Scenario = {
  name: 'bad-write',
  title: 'A bulk delete, recovered to the moment before it',
  async strike({ primary, signal, narrator }) {
    const operations = primary.environment.operations();
    const { resources: patients } = await primary.api.search('Patient', { _count: String(DELETED) });
    const ids = patients.map((patient) => patient.id);
    const before = await databaseClock(primary);
    for (const id of ids) {
      signal.throwIfAborted();
      await primary.api.delete('Patient', id);
    }
    narrator.note(`${ids.length} patients are deleted since ${before.toISOString()}.`);
    narrator.activity('Waiting until the log of it is shipped');
    const shipped = await until(async () => {
      signal.throwIfAborted();
      const window = await operations.continuousWindow();
      return window !== null && new Date(window.to) > before;
    }, 120_000);
    if (!shipped) {
      throw new OperatorError('recovery-failed', 'No recovery point after the bad write was shipped within 120 s.', {
        hint: 'Look at the backup agent’s log in the primary site.',
      });
    }
    return {
      lostAt: before,
      target: { kind: 'time', at: before.toISOString() },
      verify: async (database) => {
        const { rows } = await database.query(
          'select count(*)::int as alive from "Patient" where id = any($1) and not deleted',
          [ids]
        );
        const [row] = z.array(z.object({ alive: z.number() })).parse(rows);
        const alive = row?.alive ?? 0;
        return [
          judged(
            undone,
            alive === ids.length && ids.length > 0,
            `${alive} of ${ids.length} deleted patients are there again`
          ),
        ];
      },
    };
  },
};

/** The log's times are the database's: so is the moment to go back to. */
async function databaseClock(primary: Parameters<Scenario['strike']>[0]['primary']): Promise<Date> {
  const database = await primary.environment.operations().connectDatabase(primary.outputs);
  try {
    const { rows } = await database.query('select clock_timestamp() as now');
    const [row] = z.array(z.object({ now: z.date() })).parse(rows);
    if (row === undefined) {
      throw new Error('the database did not tell its time');
    }
    return row.now;
  } finally {
    await database.end();
  }
}
