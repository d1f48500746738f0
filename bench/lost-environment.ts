import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { findEngine } from '../automation/engine';
import { backUp } from '../automation/rehearsal/back-up';
import { loadResources } from '../automation/rehearsal/data/load';
import { destroySite } from '../automation/rehearsal/destroy-site';
import { bringUpPrimary } from '../automation/rehearsal/environment';
import {
  makeWorkspace,
  REHEARSAL_ENVIRONMENT,
  replicaIn,
  type RehearsalWorkspace,
} from '../automation/rehearsal/workspace';
import { readStackConfig } from '../automation/stacks/project';
import { localSchema, type LocalConfig } from '../components/local/config';
import { until } from '../components/local/process/daemon';
import { growDatabase, writeLog } from './grow';
import { saveState } from './saved-state';
import type * as pg from 'pg';

/** What a measured database is made of. */
export interface Size {
  readonly name: string;
  /** FHIR resources written through the API. */
  readonly resources: number;
  /** Rows by SQL on top of them. */
  readonly filled: {
    /** Size that the database is brought to. */
    readonly databaseMegabytes: number;
    /** Write-ahead log written after the base backup. */
    readonly logMegabytes: number;
  } | null;
  readonly rounds: number;
}

/** An environment whose primary site is gone, with a base backup that has its data, and the log after it. */
export interface LostEnvironment {
  readonly workspace: RehearsalWorkspace;
  readonly config: LocalConfig;
  readonly baseId: string;
  readonly databaseBytes: number;
  /** Write-ahead log from the base backup to the loss. */
  readonly logBytes: number;
  /** Ends what a recovery started, and puts everything back to the moment after the loss. */
  readonly putBack: () => Promise<void>;
}

/** Brings a primary up as a rehearsal does, fills it, backs it up, and loses its site. */
export async function loseEnvironment(
  directory: string,
  size: Size,
  note: (text: string) => void
): Promise<LostEnvironment> {
  await mkdir(directory, { recursive: true });
  const workspace = await makeWorkspace(directory, null);
  const { signal } = new AbortController();
  const primary = await bringUpPrimary(workspace, {
    engine: await findEngine({ onProgress: note, signal }),
    signal,
    narrator: { note, activity: note, progress: () => undefined },
  });
  note(`${size.resources} resources through the API`);
  await loadResources({ api: primary.api, count: size.resources, signal });
  const database = await primary.environment.operations().connectDatabase(primary.outputs);
  try {
    await (size.filled === null ? undefined : growDatabase(database, size.filled.databaseMegabytes));
    await database.query('vacuum analyze');
    const backedUpAt = await value(database, 'pg_current_wal_lsn()::text');
    const baseId = await backUp(workspace, primary);
    note(`base backup ${baseId}`);
    await (size.filled === null ? undefined : writeLog(database, size.filled.logMegabytes));
    const databaseBytes = Number(await value(database, 'pg_database_size(current_database())::text'));
    const logBytes = Number(
      await value(database, 'pg_wal_lsn_diff(pg_current_wal_lsn(), $1::pg_lsn)::text', [backedUpAt])
    );
    await shipped(workspace, await value(database, 'pg_walfile_name(pg_switch_wal())'));
    const environment = await readStackConfig(workspace.project, REHEARSAL_ENVIRONMENT);
    await database.end();
    await destroySite(workspace.sites.primary);
    note('the site is lost');
    const putBack = await saveState(workspace);
    return { workspace, config: localSchema.parse(environment), baseId, databaseBytes, logBytes, putBack };
  } finally {
    await database.end();
  }
}

async function value(database: pg.Client, expression: string, values: readonly unknown[] = []): Promise<string> {
  const { rows } = await database.query<{ value: string }>(`select ${expression} as value`, [...values]);
  const [row] = rows;
  if (row === undefined) {
    throw new Error(`${expression} gave no row`);
  }
  return row.value;
}

/** Waits until a segment of the log has reached the other site. */
async function shipped(workspace: RehearsalWorkspace, segment: string): Promise<void> {
  const file = path.join(replicaIn(workspace), 'wal', segment);
  const isThere = (): Promise<boolean> =>
    stat(file).then(
      () => true,
      () => false
    );
  if (!(await until(isThere, 300_000))) {
    throw new Error(`${file} was not shipped within 5 minutes`);
  }
}
