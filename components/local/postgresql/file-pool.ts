import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { FileOutcome, FileTask, WorkerMessage } from './file-worker';

const BATCH_BYTES = 16 << 20;
const BATCH_FILES = 64;

export interface PoolOptions {
  /** Number of threads; without it two, or as many as there are processors up to eight. */
  readonly parallelism?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told as bytes are read. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** Told of each file; what it throws ends the work. */
  readonly onOutcome: (outcome: FileOutcome) => void;
}

/**
 * Reads (and copies) files on several threads, each file once.
 *
 * @throws what `onOutcome` threw, or the signal's reason; no thread writes any more by then.
 */
export async function readFiles(tasks: readonly (FileTask & { size: number })[], options: PoolOptions): Promise<void> {
  options.signal?.throwIfAborted();
  const batches = inBatches(tasks);
  const threads = Math.min(options.parallelism ?? Math.min(8, Math.max(2, availableParallelism())), batches.length);
  const workers = Array.from({ length: threads }, startWorker);
  let abort: (() => void) | undefined;
  try {
    const aborted = new Promise<never>((_resolve, reject) => {
      abort = () => {
        reject(options.signal?.reason instanceof Error ? options.signal.reason : new Error('aborted'));
      };
      options.signal?.addEventListener('abort', abort, { once: true });
    });
    await Promise.race([aborted, Promise.all(workers.map((worker) => drain(worker, batches, options)))]);
  } finally {
    if (abort) {
      options.signal?.removeEventListener('abort', abort);
    }
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Largest first, so that no thread is left with a large file at the end; taken from the end of the list. */
function inBatches(tasks: readonly (FileTask & { size: number })[]): FileTask[][] {
  const batches: FileTask[][] = [];
  let batch: FileTask[] = [];
  let bytes = 0;
  for (const { size, ...task } of [...tasks].sort((a, b) => b.size - a.size)) {
    batch.push(task);
    bytes += size;
    if (bytes >= BATCH_BYTES || batch.length >= BATCH_FILES) {
      batches.unshift(batch);
      batch = [];
      bytes = 0;
    }
  }
  return batch.length > 0 ? [batch, ...batches] : batches;
}

function drain(worker: Worker, batches: FileTask[][], options: PoolOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const batch = batches.pop();
      if (batch) {
        worker.postMessage(batch);
      } else {
        resolve();
      }
    };
    worker.on('error', reject);
    worker.on('exit', (code) => {
      reject(new Error(`A copying thread ended with code ${code}`));
    });
    worker.on('message', (message: WorkerMessage) => {
      try {
        if (message.type === 'bytes') {
          options.onBytes?.(message.bytes);
          return;
        }
        message.outcomes.forEach(options.onOutcome);
        next();
      } catch (error) {
        batches.length = 0;
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    next();
  });
}

function startWorker(): Worker {
  const extension = extname(__filename);
  return new Worker(join(__dirname, `file-worker${extension}`), {
    // From TypeScript sources (tests) the thread needs the loader that its parent was started with.
    execArgv: extension === '.ts' ? ['--require', 'tsx/cjs'] : [],
    env: {},
  });
}
