import { OperatorError } from '../../components/errors';
import type { LeaseHolder } from './lease-records';

/** `ada@drbox (process 4242)`. */
function nameOf({ user, host, pid }: LeaseHolder): string {
  return `${user}@${host} (process ${pid})`;
}

/** Told to a driver that finds the environment held. Instants are by the holder's clock and compared with none. */
export function heldByAnother(
  environment: string,
  holder: LeaseHolder,
  lastSignOfLife: string | null,
  whereabouts: string | null
): OperatorError {
  const life = lastSignOfLife === null ? 'no sign of life since' : `last sign of life ${lastSignOfLife}`;
  const where = whereabouts === null ? '' : ` ${whereabouts}`;
  return new OperatorError(
    'locked',
    `Environment "${environment}" is held by ${nameOf(holder)} for ${holder.purpose}, since ${holder.since}; ` +
      `${life}, by its clock.${where}`,
    {
      hint:
        'Wait for it. Or, once you made sure that the other driver is dead or stopped, run the same command with ' +
        '--take-over: a driver that is taken over cannot change anything any more.',
    }
  );
}

/** Told to a driver that held the environment and does no longer. */
export function takenOver(environment: string, by: LeaseHolder | null): OperatorError {
  return new OperatorError(
    'locked',
    by === null
      ? `The lock of this driver on environment "${environment}" was removed: it changes nothing any more.`
      : `${nameOf(by)} took environment "${environment}" over for ${by.purpose}, at ${by.since} by its clock: ` +
          'this driver changes nothing any more.',
    { hint: 'Look with medplum-dr status what runs, before you go on with medplum-dr resume.' }
  );
}
