/** The statuses of gRPC with which a call ends when the other side goes away: CANCELLED and UNAVAILABLE. */
const GONE: readonly unknown[] = [1, 14];

let guarded = false;

/**
 * When an update fails or is cancelled, the engine goes away under the program, and calls of Pulumi's SDK that are under
 * way are rejected with nobody to await them. The SDK listens for these only while the program runs; those that come
 * later would end the process that uses this library. They are dropped here, and nothing else is: any other rejection
 * ends the process as it would without this.
 */
export function guardAgainstStrayRejections(): void {
  if (guarded) {
    return;
  }
  guarded = true;
  process.on('unhandledRejection', (reason) => {
    if (!isCallToLostEngine(reason) && process.listenerCount('unhandledRejection') === 1) {
      throw reason;
    }
  });
}

function isCallToLostEngine(reason: unknown): boolean {
  return (
    reason instanceof Error &&
    GONE.includes((reason as { code?: unknown }).code) &&
    /[\\/]@pulumi[\\/]/.test(reason.stack ?? '')
  );
}
