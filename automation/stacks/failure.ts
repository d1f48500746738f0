import { ConcurrentUpdateError, StackNotFoundError } from '@pulumi/pulumi/automation';
import { OperatorError, messageOf } from '../../components/errors';

/**
 * An engine failure in the operator's words. The engine's client gives no code, only classes that it makes from the
 * command's English text, and the whole command output as message: what matters is in the diagnostics of its events.
 */
export function describeEngineFailure(error: unknown, stack: string, diagnostics: readonly string[]): OperatorError {
  if (error instanceof ConcurrentUpdateError) {
    return new OperatorError(
      'locked',
      `Another update of stack ${stack} is running, or one was killed and left its lock.`,
      {
        hint: `Wait for it. If its process is dead: pulumi cancel --stack ${stack}; then run the same command again.`,
        cause: error,
      }
    );
  }
  if (error instanceof StackNotFoundError) {
    return new OperatorError('bad-input', `Stack ${stack} does not exist in the state backend.`, {
      hint: `Make it with: pulumi up --stack ${stack}; or look whether PULUMI_BACKEND_URL is the right one.`,
      cause: error,
    });
  }
  const reasons = [...new Set(diagnostics.flatMap(withoutNoise))];
  return new OperatorError('recovery-failed', `The update of stack ${stack} failed.`, {
    hint: 'Mend what is named above and run the same command again: it goes on from here.',
    problems: reasons.length > 0 ? reasons : [lastLines(messageOf(error))],
    cause: error,
  });
}

/** Drops the lines in which the engine only says that something failed. */
function withoutNoise(diagnostic: string): string[] {
  const text = diagnostic.trim();
  return text === '' || text === 'update failed' || text.startsWith('resource registration failed') ? [] : [text];
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join('\n');
}
