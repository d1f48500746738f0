import { z } from 'zod';
import { OperatorError } from '../../components/errors';
import type { RecoveryTarget } from '../../components/site-operations';

/** `latest`, an ISO instant, or the id of a recovery point. */
export function parseTarget(text: string): RecoveryTarget {
  if (text === 'latest') {
    return { kind: 'latest' };
  }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text)) {
    return { kind: 'point', id: text };
  }
  const at = instantOf(text);
  if (at === null) {
    throw new OperatorError('bad-input', `"${text}" is not an instant with a time zone.`, {
      hint: 'Write it like 2026-11-24T03:15:00Z, or give latest, or the id of a recovery point.',
    });
  }
  if (at.getTime() > Date.now()) {
    throw new OperatorError('bad-input', `${at.toISOString()} lies in the future of this machine's clock.`, {
      hint: 'Give a moment in the past, or latest. medplum-dr recovery-points lists what there is.',
    });
  }
  return { kind: 'time', at: at.toISOString() };
}

/** An ISO instant with its time zone; null for anything else: a time without one would be another one elsewhere. */
export function instantOf(text: string): Date | null {
  return z.iso.datetime({ offset: true }).safeParse(text).success ? new Date(text) : null;
}
