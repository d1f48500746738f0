import { expect } from 'chai';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { replicaIn } from '../../automation/rehearsal/workspace';
import { resolved } from '../drill/places';
import { changeConfig } from './change-config';
import type { LostEnvironment } from './lost-environment';
import { recover, told } from './recover';

export function storeBehindTheDatabase(lost: () => LostEnvironment, newId: () => string): void {
  it('an object store behind the database: further than the RPO allows, and then within it', async () => {
    const { config, workspace } = lost();
    const store = path.join(replicaIn(workspace), 'objects');
    const objects = await readdir(store);
    const [missing = ''] = objects;
    await rm(path.join(store, missing), { recursive: true });
    await changeConfig(lost(), 'objectives', { rpo: '1s' });
    const id = newId();

    const first = await recover(lost(), { id });

    expect(first.result).to.equal('failed');
    expect(first.checks).to.include({ 'resource-counts': 'passed', binaries: 'failed' });
    expect(told(first))
      .to.include(`1 of ${objects.length} missing, 1 of them older than the RPO allows: ${missing}/`)
      .and.include('resume with --accept-check binaries.');
    expect(await resolved(config), 'traffic').to.deep.equal([config.site.address]);

    await changeConfig(lost(), 'objectives', { rpo: '1h' });
    const second = await recover(lost(), { id, resume: true });
    expect(second.result, told(second)).to.equal('recovered');
    const check = second.report.checks.find((each) => each.id === 'binaries');
    expect(check).to.include({ status: 'passed' });
    expect(check?.evidence).to.include(`1 of ${objects.length} missing, 0 of them older`).and.include(missing);
    expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
  });
}
