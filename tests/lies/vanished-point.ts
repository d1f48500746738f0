import { expect } from 'chai';
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { REHEARSAL_ENVIRONMENT as NAME, replicaIn } from '../../automation/rehearsal/workspace';
import { resolved } from '../drill/places';
import type { LostEnvironment } from './lost-environment';
import { recoverElsewhere } from './elsewhere';
import { recover, told } from './recover';

export function pointThatVanishes(lost: () => LostEnvironment, newId: () => string): void {
  it('a base backup that vanishes between plan and use: the next one is taken, and that is said', async () => {
    const { config } = lost();
    const bases = readdirSync(basesOf(lost())).sort();
    const [older = '', newest = ''] = bases.slice(-2);

    const ran = await recover(lost(), {
      id: newId(),
      onMoment: (step, moment) => {
        if (step === 'recovery-point' && moment === 'after-journal') {
          rmSync(path.join(basesOf(lost()), newest), { recursive: true });
        }
      },
    });

    expect(ran.result, told(ran)).to.equal('recovered');
    expect(ran.report.recoveryPoint?.baseBackupId).to.equal(older);
    expect(ran.report.recoveryPoint?.skipped.map(({ id }) => id)).to.deep.equal([newest]);
    expect(ran.warnings.join('\n')).to.match(new RegExp(`Skipped base backup ${newest}: .*ENOENT`));
    expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
  });

  it('a recovery point that vanishes, and no other leads there: what to do instead is said, and works', async () => {
    const { config } = lost();
    const newest = readdirSync(basesOf(lost())).sort().at(-1) ?? '';
    const id = newId();
    const target = { kind: 'point', id: newest } as const;

    const first = await recoverElsewhere(lost(), {
      ...{ id, target, step: 'recovery-point', moment: 'after-journal' },
      command: ['rm', '-r', path.join(basesOf(lost()), newest)],
    });

    expect(first.result).to.equal('failed');
    expect(first.told)
      .to.include('can serve this restore')
      .and.include(`What can be recovered has changed since this run chose ${newest}`)
      .and.include(`Recovery point "${newest}" does not exist or cannot be restored.`)
      .and.include(`medplum-dr recovery-points ${NAME} lists what is left`)
      .and.include(`medplum-dr abort ${id}, then medplum-dr recover ${NAME} --recovery-point <id>.`);
    expect(await resolved(config), 'traffic').to.deep.equal([config.site.address]);

    const again = await lost().run('resume', id);
    expect(again.exitCode).to.equal(4);
    expect(again.stderr).to.include(`since this run chose ${newest}`);
    const aborted = await lost().run('abort', id);
    expect(aborted.exitCode, aborted.stderr).to.equal(0);
    const second = await recover(lost(), { id: newId() });
    expect(second.result, told(second)).to.equal('recovered');
    expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
  });
}

function basesOf({ workspace }: LostEnvironment): string {
  return path.join(replicaIn(workspace), 'base');
}
