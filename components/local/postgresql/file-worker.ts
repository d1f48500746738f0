import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  copyFileSync,
  fchownSync,
  fstatSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { parentPort } from 'node:worker_threads';

/** A file to read once: hashed, and copied when there is a destination. */
export interface FileTask {
  readonly path: string;
  readonly source: string;
  readonly destination: string | null;
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  /** Whether a server may change the source meanwhile. */
  readonly live: boolean;
}

/** What was found: the SHA-256 (hexadecimal) and size of the very bytes that lie in the destination. */
export type FileOutcome =
  | {
      readonly state: 'read';
      readonly path: string;
      readonly size: number;
      readonly sha256: string;
      readonly modified: number;
    }
  | { readonly state: 'missing'; readonly path: string }
  | { readonly state: 'failed'; readonly path: string; readonly code: string; readonly message: string };

export type WorkerMessage =
  | { readonly type: 'bytes'; readonly bytes: number }
  | { readonly type: 'done'; readonly outcomes: readonly FileOutcome[] };

const buffer = Buffer.allocUnsafeSlow(1 << 20);
const REPORT_EVERY_BYTES = 32 << 20;
let canReflink = true;

function readOnce(task: FileTask, report: (bytes: number) => void): FileOutcome {
  let input: number;
  try {
    input = openSync(task.source, 'r');
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? { state: 'missing', path: task.path } : failed(task.path, error);
  }
  let output: number | null = null;
  try {
    const modified = fstatSync(input).mtimeMs;
    if (task.destination !== null && copied(task)) {
      // What counts is what lies in the destination: that is what gets hashed.
      closeSync(input);
      input = openSync(task.destination, 'r+');
      chownTo(input, task.owner);
    } else if (task.destination !== null) {
      output = openSync(task.destination, 'wx', 0o600);
      chownTo(output, task.owner);
    }
    const { size, sha256 } = pump(input, output, report);
    return { state: 'read', path: task.path, size, sha256, modified };
  } catch (error) {
    return failed(task.path, error);
  } finally {
    closeSync(input);
    if (output !== null) {
      closeSync(output);
    }
  }
}

function pump(input: number, output: number | null, report: (bytes: number) => void): { size: number; sha256: string } {
  const hash = createHash('sha256');
  let size = 0;
  let unreported = 0;
  for (let read = readSync(input, buffer); read > 0; read = readSync(input, buffer)) {
    const bytes = buffer.subarray(0, read);
    hash.update(bytes);
    for (let written = 0; output !== null && written < read;) {
      written += writeSync(output, bytes, written);
    }
    size += read;
    unreported += read;
    if (unreported >= REPORT_EVERY_BYTES) {
      report(unreported);
      unreported = 0;
    }
  }
  report(unreported);
  return { size, sha256: hash.digest('hex') };
}

/**
 * A reflink where the file system has it. Else the kernel copies a file that stands still, at less than half the cost;
 * a live one that is cut short meanwhile would hold the kernel's copy up for ever, so that one is left to `pump`.
 */
function copied(task: FileTask): boolean {
  if (task.destination === null || (task.live && !canReflink)) {
    return false;
  }
  if (!task.live) {
    copyFileSync(task.source, task.destination, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    return true;
  }
  try {
    copyFileSync(task.source, task.destination, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    // Whatever is wrong here, the plain copy that follows meets it again and tells it.
    canReflink = false;
    rmSync(task.destination, { force: true });
    return false;
  }
}

function chownTo(file: number, owner: FileTask['owner']): void {
  if (owner) {
    fchownSync(file, owner.uid, owner.gid);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function failed(path: string, error: unknown): FileOutcome {
  return {
    state: 'failed',
    path,
    code: codeOf(error),
    message: error instanceof Error ? error.message : String(error),
  };
}

parentPort?.on('message', (tasks: readonly FileTask[]) => {
  const post = (message: WorkerMessage): void => parentPort?.postMessage(message);
  const outcomes = tasks.map((task) =>
    readOnce(task, (bytes) => {
      if (bytes > 0) post({ type: 'bytes', bytes });
    })
  );
  post({ type: 'done', outcomes });
});
