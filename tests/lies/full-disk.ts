import { expect } from 'chai';
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { folderSize } from '../../components/local/folder-size';
import { killProcessesOf } from '../../automation/rehearsal/destroy-site';
import { runProgram } from '../../components/local/postgresql/process';
import { resolved } from '../drill/places';
import { copyWithOwners, type LostEnvironment } from './lost-environment';
import { recoverElsewhere } from './elsewhere';
import { recover, told } from './recover';

const MEGABYTE = 1024 * 1024;
/** Less than a database is, more than all else that a site has. */
const LEFT = 16 * MEGABYTE;

export function diskThatFillsUp(lost: () => LostEnvironment, newId: () => string): void {
  it('a disk that fills up once the restore has begun', async function () {
    const { config, workspace } = lost();
    const site = workspace.sites.recovery;
    const unmount = await onSmallDisk(site);
    if (typeof unmount === 'string') {
      if (process.env['CI'] !== undefined) {
        throw new Error(unmount);
      }
      console.log(`      skipped: ${unmount}`);
      this.skip();
    }
    try {
      const id = newId();
      const filler = path.join(site, 'something-else');

      const fill = `fallocate -l $(( $(df --output=avail -B1 "$0" | tail -1) - ${LEFT} )) "$1"`;

      const first = await recoverElsewhere(lost(), {
        ...{ id, target: { kind: 'latest' }, step: 'recovery-stack', moment: 'before-effect' },
        command: ['sh', '-c', fill, site, filler],
      });

      expect(first.result).to.equal('failed');
      expect(first.told)
        .to.match(new RegExp(`The disk of ${site}/\\S+/database is full: \\d of \\d+ MB are free`))
        .and.include('Make room there (df -h ')
        .and.include(`medplum-dr resume ${id}`);
      expect(await resolved(config), 'traffic').to.deep.equal([config.site.address]);

      await rm(filler);
      const second = await recover(lost(), { id, resume: true });
      expect(second.result, told(second)).to.equal('recovered');
      expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
    } finally {
      await killProcessesOf(site);
      await unmount();
    }
  });
}

/** Puts a site's folder on a file system of its own, with room for what preflight asks for. Returns why it cannot. */
async function onSmallDisk(site: string): Promise<(() => Promise<void>) | string> {
  const aside = `${site}-aside`;
  const bytes = (await folderSize(site)) ?? 0;
  const megabytes = Math.ceil((2.3 * bytes) / MEGABYTE) + 300;
  await rename(site, aside);
  await mkdir(site);
  const mounted = await runProgram(
    'mount',
    ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'medplum-dr-test', site],
    { runAs: undefined }
  );
  if (mounted.code !== 0) {
    await rm(site, { recursive: true });
    await rename(aside, site);
    return `a file system cannot be mounted here: ${mounted.stderr.trim()}`;
  }
  await copyWithOwners(path.join(aside, 'replica'), path.join(site, 'replica'));
  await rm(aside, { recursive: true });
  return async () => {
    const { code, stderr } = await runProgram('umount', ['--lazy', site], { runAs: undefined });
    expect(code, stderr).to.equal(0);
  };
}
