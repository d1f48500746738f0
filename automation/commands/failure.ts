import { OperatorError, messageOf } from '../../components/errors';
import { EXIT_CODES } from '../exit-codes';

/** Tells a failure to people, or to machines as one JSON document; returns the exit code. */
export function reportFailure(error: unknown, json: boolean): number {
  if (!(error instanceof OperatorError)) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`);
    process.stderr.write('This is a fault of medplum-dr itself. Please report it with the lines above.\n');
    return 1;
  }
  const { kind, message, problems, hint } = error;
  if (json) {
    process.stdout.write(`${JSON.stringify({ error: { kind, message, problems, hint } }, null, 2)}\n`);
  }
  process.stderr.write(`${[message, ...problems.map((problem) => `  - ${problem}`), hint].join('\n')}\n`);
  return EXIT_CODES[kind];
}
