import type * as pg from 'pg';
import { z } from 'zod';
import type { Clock } from '../recovery/clock';
import { judged, type Check } from './check';

const named = { id: 'clock-agrees', title: 'The clocks of this machine and of the database agree' };

/** More than this apart, and times in the report, and a moment given as recovery point, are not what they seem. */
const TOLERANCE_SECONDS = 5;

/**
 * Achieved RTO and RPO are taken from the database's instants and the driver's own. The check warns of clocks that are
 * apart; lease and fence do not depend on it, as they compare numbers.
 */
export async function clockAgrees(database: pg.Client, clock: Clock): Promise<Check> {
  const before = clock.now().getTime();
  const { rows } = await database.query('select clock_timestamp() as now');
  const after = clock.now().getTime();
  const [row] = z.array(z.object({ now: z.date() })).parse(rows);
  const there = row?.now.getTime() ?? Number.NaN;
  const seconds = there < before ? (there - before) / 1000 : there > after ? (there - after) / 1000 : 0;
  const apart = `the database's clock is ${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? 'behind' : 'ahead of'} this machine's`;
  return Math.abs(seconds) <= TOLERANCE_SECONDS
    ? judged(named, true, `less than ${TOLERANCE_SECONDS} s apart`)
    : judged(named, false, `${apart}: set this machine's clock (NTP). Times in the report are off by as much`);
}
