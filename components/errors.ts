/** What kind of failure an operator is told of; `automation/exit-codes.ts` gives each its exit code. */
export type FailureKind =
  'bad-input' | 'not-implemented' | 'engine-missing' | 'preflight-failed' | 'recovery-failed' | 'cancelled' | 'locked';

/**
 * An expected failure, told to the person who runs the tool: what failed, on what, and what to do next.
 * The command line prints `message` and `hint` and no stack trace.
 */
export class OperatorError extends Error {
  readonly kind: FailureKind;
  /** What to do next, as a sentence or a command. */
  readonly hint: string;
  /** Every single problem, when several were found at once. */
  readonly problems: readonly string[];

  constructor(
    kind: FailureKind,
    message: string,
    options: { hint: string; problems?: readonly string[]; cause?: unknown }
  ) {
    super(message, { cause: options.cause });
    this.name = 'OperatorError';
    this.kind = kind;
    this.hint = options.hint;
    this.problems = options.problems ?? [];
  }
}

/** The text of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
