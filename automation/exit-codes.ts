import type { FailureKind } from '../components/errors';

/** Exit code of the command for each kind of failure; 0 is success, 1 a fault of the program itself. */
export const EXIT_CODES: Readonly<Record<FailureKind, number>> = {
  'bad-input': 2,
  'preflight-failed': 3,
  'recovery-failed': 4,
  'engine-missing': 5,
  'not-implemented': 6,
  locked: 7,
  cancelled: 130,
};
