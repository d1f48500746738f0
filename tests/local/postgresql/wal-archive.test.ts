import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  archivedWal,
  continuity,
  isOnLineage,
  lineage,
  newestTimeline,
  parseHistory,
  pruneWal,
} from '../../../components/local/postgresql/wal-archive';
import {
  formatLsn,
  lastSegmentNumber,
  parseLsn,
  parseSegmentName,
  segmentName,
  segmentNumber,
} from '../../../components/local/postgresql/wal-segment';

const MEGABYTE = 1 << 20;

describe('local PostgreSQL: WAL segment names', () => {
  it("follow PostgreSQL's pg_walfile_name", () => {
    expect(
      segmentName({ timeline: 1, number: segmentNumber(parseLsn('0/3000148'), 16 * MEGABYTE) }, 16 * MEGABYTE)
    ).to.equal('000000010000000000000003');
    expect(
      segmentName({ timeline: 2, number: segmentNumber(parseLsn('1/FF000000'), 16 * MEGABYTE) }, 16 * MEGABYTE)
    ).to.equal('0000000200000001000000FF');
    expect(
      segmentName({ timeline: 1, number: segmentNumber(parseLsn('1/00400000'), 4 * MEGABYTE) }, 4 * MEGABYTE)
    ).to.equal('000000010000000100000001');
  });

  it('say that a position at the start of a segment needs the one before', () => {
    expect(lastSegmentNumber(parseLsn('0/4000000'), 16 * MEGABYTE)).to.equal(3);
    expect(lastSegmentNumber(parseLsn('0/4000001'), 16 * MEGABYTE)).to.equal(4);
  });

  it('read back what they were made of', () => {
    const sizes = fc.integer({ min: 0, max: 10 }).map((power) => MEGABYTE * 2 ** power);
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: (1n << 60n) - 1n }),
        fc.integer({ min: 1, max: 0xffffffff }),
        sizes,
        (lsn, timeline, bytes) => {
          const segment = { timeline, number: segmentNumber(lsn, bytes) };
          expect(parseSegmentName(segmentName(segment, bytes), bytes)).to.deep.equal(segment);
          expect(parseLsn(formatLsn(lsn))).to.equal(lsn);
        }
      )
    );
  });

  it('are told from other files of an archive', () => {
    for (const name of [
      '00000002.history',
      '000000010000000000000003.00000028.backup',
      '00000001000000000000000g',
      'archtemp.1',
    ]) {
      expect(parseSegmentName(name, 4 * MEGABYTE)).to.equal(null);
    }
    expect(parseSegmentName('000000010000000000000400', 4 * MEGABYTE)).to.equal(null);
  });
});

describe('local PostgreSQL: WAL archive', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'medplum-dr-wal-'));
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function segment(timeline: number, number: number, bytes = MEGABYTE): Promise<void> {
    const handle = await open(join(directory, segmentName({ timeline, number }, MEGABYTE)), 'w');
    const header = Buffer.alloc(40);
    header.writeUInt32LE(MEGABYTE, 32);
    await handle.write(header);
    await handle.truncate(bytes);
    await handle.close();
  }

  it('finds the segment that is missing in the middle, and none at the end', async () => {
    for (const number of [1, 2, 4, 5]) {
      await segment(1, number);
    }
    const archive = await archivedWal(directory);

    expect(continuity(archive, { timeline: 1, lsn: BigInt(MEGABYTE) })).to.deep.include({
      lastNumber: 2,
      missing: segmentName({ timeline: 1, number: 3 }, MEGABYTE),
    });
    expect(continuity(archive, { timeline: 1, lsn: BigInt(4 * MEGABYTE) })).to.deep.include({
      lastNumber: 5,
      missing: null,
    });
    expect(continuity(archive, { timeline: 1, lsn: BigInt(6 * MEGABYTE) })).to.deep.include({
      lastNumber: 5,
      missing: null,
    });
  });

  it('takes a segment of the wrong size for missing', async () => {
    await segment(1, 1);
    await segment(1, 2, MEGABYTE / 2);
    await segment(1, 3);
    const archive = await archivedWal(directory);

    expect(archive.damaged).to.deep.equal([segmentName({ timeline: 1, number: 2 }, MEGABYTE)]);
    expect(continuity(archive, { timeline: 1, lsn: BigInt(MEGABYTE) })).to.deep.include({ lastNumber: 1 });
  });

  it('goes over to a newer timeline where that one branched off, and not from after the branch', async () => {
    for (const number of [1, 2, 3]) {
      await segment(1, number);
    }
    await segment(2, 2);
    await segment(2, 3);
    await segment(2, 4);
    await writeFile(join(directory, '00000002.history'), '1\t0/280000\tbefore 2026-11-24\n');
    const archive = await archivedWal(directory);
    const start = { timeline: 1, lsn: BigInt(MEGABYTE) };

    expect(continuity(archive, start).segments).to.deep.equal(
      [{ timeline: 1, number: 1 }, ...[2, 3, 4].map((number) => ({ timeline: 2, number }))].map((each) =>
        segmentName(each, MEGABYTE)
      )
    );
    expect(continuity(archive, start, 1).lastNumber).to.equal(3);
    expect(newestTimeline(archive, { timeline: 1, lsn: parseLsn('0/300000') })).to.equal(1);
    expect(isOnLineage(lineage(archive, 2), { timeline: 1, lsn: parseLsn('0/280001') })).to.equal(false);
    expect(parseHistory(3, '1\t0/280000\tx\n2\t0/480000\ty\n')).to.deep.equal([
      { timeline: 3, begin: 0x480000n },
      { timeline: 2, begin: 0x280000n },
      { timeline: 1, begin: 0n },
    ]);
  });

  it('prunes what lies before a position and keeps histories', async () => {
    for (const number of [1, 2, 3]) {
      await segment(1, number);
    }
    await writeFile(join(directory, `${segmentName({ timeline: 1, number: 1 }, MEGABYTE)}.00000028.backup`), '');
    await writeFile(join(directory, '00000002.history'), '');

    expect(await pruneWal(directory, BigInt(2 * MEGABYTE + 40))).to.equal(2);
    expect(await readdir(directory)).to.have.members([
      ...[2, 3].map((number) => segmentName({ timeline: 1, number }, MEGABYTE)),
      '00000002.history',
    ]);
  });
});
