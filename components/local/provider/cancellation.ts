const cancelled = new AbortController();

/** Aborted when the engine was asked to stop: what waits ends, and undoes what it has half done. */
export const cancellation: AbortSignal = cancelled.signal;

export function cancelAll(): void {
  cancelled.abort(new Error('stopped, as the engine was asked to stop'));
}
