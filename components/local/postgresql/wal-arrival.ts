import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { OperatorError } from '../../errors';
import { lastSegmentNumber, parseLsn, segmentName } from './wal-segment';

interface Arrival {
  /** The folder that the server archives WAL to. */
  readonly directory: string;
  /** How long the segment may take to get there. Default 60 s. */
  readonly timeoutSeconds?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Waits until the segment of that name is in the archive, whole: it gets its name when it is on disk.
 *
 * @throws OperatorError when it does not arrive; the signal's reason.
 */
export async function waitForSegment(client: pg.ClientBase, arrival: Arrival, name: string): Promise<void> {
  const { directory, timeoutSeconds = 60, signal } = arrival;
  const deadline = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    signal?.throwIfAborted();
    const isThere = await stat(join(directory, name)).then(
      () => true,
      () => false
    );
    if (isThere) {
      return;
    }
    if (Date.now() > deadline) {
      const { rows } = await client.query<{ failed: string | null }>(
        'select last_failed_wal as failed from pg_stat_archiver where last_failed_time > coalesce(last_archived_time, to_timestamp(0))'
      );
      const cause = rows[0]?.failed ? `; the server failed to archive ${rows[0].failed}` : '';
      throw new OperatorError(
        'recovery-failed',
        `WAL segment ${name} did not reach ${directory} in ${timeoutSeconds} s${cause}`,
        {
          hint: "See the server's log for basic_archive; check that the folder exists, is writable for it, and has room.",
        }
      );
    }
    await delay(50);
  }
}

/** Name of the segment that holds the record which ends at this position. */
export async function segmentOf(client: pg.ClientBase, at: { lsn: string; timeline: number }): Promise<string> {
  const { rows } = await client.query<{ bytes: string }>(
    "select pg_size_bytes(current_setting('wal_segment_size')) as bytes"
  );
  const bytes = Number(rows[0]?.bytes);
  return segmentName({ timeline: at.timeline, number: lastSegmentNumber(parseLsn(at.lsn), bytes) }, bytes);
}
