export type OnProgress = (line: string) => void;

const REPORT_EVERY_MILLISECONDS = 15_000;

/** Runs something long and says every 15 seconds that it still goes on and for how long it has. */
export async function withElapsedTime<T>(what: string, onProgress: OnProgress, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const timer = setInterval(() => {
    onProgress(`${what}: ${Math.round((Date.now() - started) / 1000)} s so far`);
  }, REPORT_EVERY_MILLISECONDS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
