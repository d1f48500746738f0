import { stat } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import { z } from 'zod';
import { replicaIn, type RehearsalWorkspace } from '../../automation/rehearsal/workspace';
import { until } from '../../components/local/process/daemon';

/** Ends the current segment of the log, and waits until it has reached the other site. */
export async function allLogShipped(workspace: RehearsalWorkspace, database: pg.Client): Promise<void> {
  const { rows } = await database.query('select pg_walfile_name(pg_switch_wal()) as segment');
  const [{ segment }] = z.tuple([z.object({ segment: z.string() })]).parse(rows);
  const file = path.join(replicaIn(workspace), 'wal', segment);
  const isThere = (): Promise<boolean> =>
    stat(file).then(
      () => true,
      () => false
    );
  if (!(await until(isThere, 60_000))) {
    throw new Error(`${file} was not shipped within a minute`);
  }
}
