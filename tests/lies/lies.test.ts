import { backupOfAnEmptyDatabase } from './empty-backup';
import { cacheFromBeforeTheLoss } from './kept-cache';
import { clockThatIsOff } from './clock';
import { diskThatFillsUp } from './full-disk';
import { gapInTheLog } from './log-gap';
import { lostEnvironment, type LostEnvironment } from './lost-environment';
import { nameThatStaysOld } from './old-name';
import { pointThatVanishes } from './vanished-point';
import { readOnlyDatabase } from './read-only';
import { serverOfAnotherVersion } from './server-version';
import { storeBehindTheDatabase } from './missing-binaries';

/*
 * A recovery that is lied to, each time in another way, with the real engine, servers and processes. In each case the
 * lie is found, traffic stays where it is, and the message tells a person what is wrong and what to do; then that is
 * done. The checks alone, on many more cases, are in tests/verification; a clock that is behind the recovery points, in
 * tests/local/operations/preflight.test.ts; a standby, in tests/verification/standby.test.ts.
 */
describe('lies', function () {
  this.timeout(240_000);
  let lost: LostEnvironment;
  let number = 0;

  before(async () => {
    lost = await lostEnvironment();
  });
  beforeEach(() => lost.putBack());
  after(() => lost.remove());

  const place = (): LostEnvironment => lost;
  const newId = (): string => `20260101-000000-${(number += 1).toString(16).padStart(4, '0')}`;
  for (const lie of [
    backupOfAnEmptyDatabase,
    gapInTheLog,
    serverOfAnotherVersion,
    storeBehindTheDatabase,
    readOnlyDatabase,
    cacheFromBeforeTheLoss,
    clockThatIsOff,
    pointThatVanishes,
    diskThatFillsUp,
    nameThatStaysOld,
  ]) {
    lie(place, newId);
  }
});
