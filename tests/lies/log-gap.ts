import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { replicaIn } from '../../automation/rehearsal/workspace';
import { archivedWal } from '../../components/local/postgresql/wal-archive';
import { segmentName } from '../../components/local/postgresql/wal-segment';
import { resolved } from '../drill/places';
import type { LostEnvironment } from './lost-environment';
import { recover, told } from './recover';

export function gapInTheLog(lost: () => LostEnvironment, newId: () => string): void {
  it('a log of which a segment in the middle is missing', async () => {
    const { config } = lost();
    const segment = await removeLastButOne(lost());
    const id = newId();

    const first = await recover(lost(), { id });

    expect(first.result).to.equal('failed');
    expect(first.checks).to.include({ 'log-complete': 'failed', 'resource-counts': 'passed' });
    expect(told(first))
      .to.include(`segment ${segment} is missing from the WAL archive: nothing after it was replayed`)
      .and.match(/what was committed after \d{4}-\d\d-\d\dT[\d:.]+Z is lost/)
      .and.include('resume with --accept-check log-complete.');
    expect(await resolved(config), 'traffic').to.deep.equal([config.site.address]);

    const second = await recover(lost(), { id, resume: true, acceptedChecks: ['log-complete'] });
    expect(second.result, told(second)).to.equal('recovered');
    expect(second.report.overrides).to.deep.equal(['check:log-complete']);
    expect(second.checks).to.include({ 'log-complete': 'failed' });
    expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
  });
}

/** Removes a segment that no base backup needs and that others follow; returns its name. */
async function removeLastButOne({ workspace }: LostEnvironment): Promise<string> {
  const directory = path.join(replicaIn(workspace), 'wal');
  const { segments, segmentBytes } = await archivedWal(directory);
  const numbers = [...(segments.get(1) ?? [])].sort((a, b) => a - b);
  const segment = segmentName({ timeline: 1, number: numbers.at(-2) ?? 0 }, segmentBytes ?? 0);
  await rm(path.join(directory, segment));
  return segment;
}
