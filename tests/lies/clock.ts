import { expect } from 'chai';
import type { Clock } from '../../automation/recovery/clock';
import { realClock } from '../../automation/recovery/clock';
import { resolved } from '../drill/places';
import type { LostEnvironment } from './lost-environment';
import { recover, told } from './recover';

export function clockThatIsOff(lost: () => LostEnvironment, newId: () => string): void {
  for (const [which, seconds, apart] of [
    ['ahead', 300, /the database's clock is (299|300)\.\d s behind this machine's/],
    ['behind', -300, /the database's clock is (299|300)\.\d s ahead of this machine's/],
  ] as const) {
    it(`a driver whose clock is five minutes ${which}: it recovers, and says that times are off`, async () => {
      const { config } = lost();
      const clock: Clock = { ...realClock, now: () => new Date(Date.now() + seconds * 1000) };

      const ran = await recover(lost(), { id: newId(), world: (world) => ({ ...world, clock }) });

      expect(ran.result, told(ran)).to.equal('recovered');
      const check = ran.report.checks.find(({ id }) => id === 'clock-agrees');
      expect(check).to.include({ status: 'failed' });
      expect(check?.evidence).to.match(apart).and.include('set this machine');
      expect(ran.warnings.join('\n')).to.match(apart);
      expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
    });
  }
}
