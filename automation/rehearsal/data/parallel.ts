/**
 * Works on items of a generator, `parallel` at a time. After a failure no further item is begun, those begun are waited
 * for, and the first failure is thrown.
 */
export async function inParallel<T>(
  items: Generator<T, void, undefined>,
  parallel: number,
  work: (item: T) => Promise<void>
): Promise<void> {
  const worker = async (): Promise<void> => {
    // Leaving the loop by a throw closes the generator, and so ends the other workers' loops too.
    for (const item of items) {
      await work(item);
    }
  };
  const results = await Promise.allSettled(Array.from({ length: parallel }, worker));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    throw failed.reason;
  }
}
