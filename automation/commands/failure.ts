import { OperatorError, messageOf } from '../../components/errors';
import { EXIT_CODES } from '../exit-codes';

/** Tells of a command line that cannot be parsed; the parser has told people already. Returns the exit code. */
export function reportUsage(message: string, json: boolean): number {
  if (json) {
    const hint = 'medplum-dr --help lists the commands and options.';
    printJson({ error: { kind: 'bad-input', message, problems: [], hint } });
  }
  return EXIT_CODES['bad-input'];
}

function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

/** Tells a failure to people, or to machines as one JSON document; returns the exit code. */
export function reportFailure(error: unknown, json: boolean): number {
  if (!(error instanceof OperatorError)) {
    if (json) {
      printJson({ error: { kind: 'fault', message: messageOf(error) } });
    }
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`);
    process.stderr.write('This is a fault of medplum-dr itself. Please report it with the lines above.\n');
    return 1;
  }
  const { kind, message, problems, hint } = error;
  if (json) {
    printJson({ error: { kind, message, problems, hint } });
  }
  process.stderr.write(`${[message, ...problems.map((problem) => `  - ${problem}`), hint].join('\n')}\n`);
  return EXIT_CODES[kind];
}
