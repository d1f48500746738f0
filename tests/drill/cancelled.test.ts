import { expect } from 'chai';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { processesNaming } from '../../automation/rehearsal/destroy-site';
import { recoveryReportSchema } from '../../automation/report/schema';
import { until } from '../../components/local/process/daemon';
import { Command, type Ended } from './command-line';
import { makeFolder, removeFolder } from './folder';

describe('medplum-dr drill, stopped by a signal', function () {
  this.timeout(120_000);
  let folder: string;

  beforeEach(async () => {
    folder = await makeFolder();
  });
  afterEach(() => removeFolder(folder));

  async function stoppedAt(line: string): Promise<Ended> {
    const drill = new Command(['drill', '--resources', '300', '--json'], { folder });
    await until(() => drill.stderr.includes(line) || !drill.running, 90_000);
    expect(drill.stderr).to.include(line);
    return drill.stop();
  }

  async function nothingLeft(): Promise<void> {
    expect(await processesNaming(folder)).to.deep.equal([]);
    expect(await readdir(path.join(folder, '.medplum-dr')).catch(() => [])).to.deep.equal([]);
  }

  it('ends as cancelled while its environment comes up, and removes it', async () => {
    const { exitCode, stdout, stderr } = await stoppedAt('Bringing up the primary site');

    expect(exitCode, stderr).to.equal(130);
    const { error } = z.object({ error: z.object({ kind: z.string(), hint: z.string() }) }).parse(JSON.parse(stdout));
    expect(error).to.deep.equal({ kind: 'cancelled', hint: 'Nothing is left.' });
    await nothingLeft();
  });

  it('ends as cancelled in the middle of the recovery, and removes it', async () => {
    const { exitCode, stdout, stderr } = await stoppedAt('Restore and provision (budget');

    expect(exitCode, stderr).to.equal(130);
    const report = recoveryReportSchema.parse(JSON.parse(stdout));
    expect(report.result).to.equal('cancelled');
    expect(report.failure?.hint).to.include('Start a new one');
    expect(report.checks.find((check) => check.id === 'drill-removed')).to.include({ status: 'passed' });
    await nothingLeft();
  });
});
