import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ifThere } from '../../if-there';
import type { SiteFolders } from '../config';
import { folderSize } from '../folder-size';
import { restoreState } from '../postgresql/restore-state';
import { logSince, redoPosition } from '../postgresql/server-log';

/** As much of the server's log as holds its newest progress line: it writes one every half second. */
const LOG_TAIL_BYTES = 65_536;

/**
 * How far a stack that is being made has come: bytes copied, log replayed, then lines of its application. Asked every
 * few seconds: it reads sizes and the end of a log.
 */
export async function restoreProgress({ live, logs }: SiteFolders): Promise<string | null> {
  const dataDirectory = path.join(live, 'database');
  switch (await restoreState(dataDirectory)) {
    case 'none':
      return null;
    case 'replaying': {
      const position = await replayedTo(path.join(logs, 'postgresql.log'));
      // Until the first progress line, and after the last, the size tells that something goes on.
      return [...(position === null ? [] : [`replayed to ${position}`]), await sized('database', dataDirectory)].join(
        ', '
      );
    }
    case 'copying':
      return sized('copied', dataDirectory);
    case 'ended':
      return `database restored, application log at ${(await sizeOf(path.join(logs, 'application.log'))) ?? 0} bytes`;
  }
}

async function sized(what: string, folder: string): Promise<string> {
  return `${what} ${Math.round(((await folderSize(folder)) ?? 0) / 1e6)} MB`;
}

async function replayedTo(logFile: string): Promise<string | null> {
  const size = await sizeOf(logFile);
  return size === null ? null : redoPosition(await logSince(logFile, Math.max(0, size - LOG_TAIL_BYTES)));
}

async function sizeOf(file: string): Promise<number | null> {
  return (await ifThere(stat(file)))?.size ?? null;
}
