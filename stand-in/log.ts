/** One JSON line on standard output, in the form Medplum's server logs. Give it no secret. */
export function log(level: 'INFO' | 'WARN' | 'ERROR', message: string, details: Record<string, unknown> = {}): void {
  process.stdout.write(`${JSON.stringify({ level, timestamp: new Date().toISOString(), msg: message, ...details })}\n`);
}
