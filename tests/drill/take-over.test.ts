import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { processTable } from '../../automation/engine/process-table';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema } from '../../automation/report/schema';
import { until } from '../../components/local/process/daemon';
import { Command } from './command-line';
import { livingEnvironment, type LivingEnvironment } from './living-environment';

/** Whether an engine that the command started updates a stack. */
async function updates(command: Command): Promise<boolean> {
  const rows = await processTable();
  return rows.some((row) => row.parent === command.pid && /pulumi\S* up /.test(row.command));
}

describe('two drivers on one environment', function () {
  this.timeout(240_000);
  let living: LivingEnvironment;

  before(async () => {
    living = await livingEnvironment();
  });
  after(() => living.remove());

  const zone = (): Promise<string> => readFile(path.join(living.workspace.outside, 'dns', 'zone.json'), 'utf8');

  it('refuses the second, which may take over; the first wakes up and changes nothing', async () => {
    const before = await zone();
    const first = new Command(['drill', NAME, '--json'], living.options);
    try {
      expect(await until(() => updates(first), 60_000), 'its engine is at work').to.equal(true);
      first.pause();
      const [id = ''] = /\d{8}-\d{6}-[0-9a-f]{4}/.exec(first.stderr) ?? [];

      const refused = await living.run('recover', NAME);
      const held = await living.run('status', NAME);
      const resumed = await living.run('resume', id, '--take-over', '--json');
      first.wake();
      const woken = await first.end();

      expect(refused.exitCode).to.equal(7);
      expect(refused.stderr)
        .to.include(`drill ${id}`)
        .and.include('--take-over')
        .and.match(/since 20\d\d-/)
        .and.match(/process \d+/);
      expect(held.stdout).to.include(`At work now: drill ${id}`);
      expect(resumed.exitCode, resumed.stderr).to.equal(0);
      const report = recoveryReportSchema.parse(JSON.parse(resumed.stdout));
      expect(report).to.include({ id, result: 'recovered' });
      expect(report.warnings.join('\n')).to.match(
        /lock of another driver was taken over: drill .*engine \(pid \d+\) was stopped/
      );
      expect(report.leftBehind).to.deep.equal([]);
      expect(woken.exitCode, woken.stderr).to.equal(7);
      expect(woken.stderr + woken.stdout).to.match(
        /Another driver writes to the journal|this driver changes nothing any more/
      );
      expect(await zone()).to.equal(before);
      expect((await living.run('status', NAME, '--json')).stdout).to.include('"heldBy": null');
    } finally {
      await first.kill();
    }
  });
});
