import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { judged } from '../../verification/check';
import { backUp } from '../back-up';
import { replicaIn } from '../workspace';
import { loseSite } from './site-loss';
import type { Scenario } from './scenario';

const skipped = { id: 'corrupt-backup-skipped', title: 'The damaged base backup was found and skipped' };

/** The newest base backup is damaged on its disk, one bit of it, and then the site is lost. */
export const corruptBackup: Scenario = {
  name: 'corrupt-backup',
  title: 'The newest base backup is damaged, and the primary site is lost',
  async strike(context) {
    const { workspace, primary, narrator } = context;
    const damaged = await backUp(workspace, primary);
    const file = await largestFile(path.join(replicaIn(workspace), 'base', damaged));
    await flipBit(file);
    narrator.note(`One bit of base backup ${damaged} is flipped, in ${path.basename(file)}`);
    const lostAt = await loseSite(context);
    return {
      lostAt,
      target: { kind: 'latest' },
      verify: (_database, skippedBackups) => {
        const good = skippedBackups.includes(damaged);
        const evidence = good
          ? `${damaged} was skipped`
          : `${damaged} is not among the skipped: ${skippedBackups.join(', ')}`;
        return Promise.resolve([judged(skipped, good, evidence)]);
      },
    };
  },
};

async function largestFile(folder: string): Promise<string> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => /(^|\/)base\/\d+\/\d+$/.test(name));
  const sized = await Promise.all(
    names.map(async (name) => ({ file: path.join(folder, name), size: (await stat(path.join(folder, name))).size }))
  );
  const largest = sized.sort((a, b) => b.size - a.size)[0];
  if (largest === undefined) {
    throw new Error(`${folder} has no table file to damage`);
  }
  return largest.file;
}

async function flipBit(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    const middle = Math.floor((await handle.stat()).size / 2);
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, middle);
    byte.writeUInt8(byte.readUInt8(0) ^ 1, 0);
    await handle.write(byte, 0, 1, middle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
