import { expect } from 'chai';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { planRestore } from '../../../components/local/operations/recovery-points';
import { markRecoveryPoint } from '../../../components/local/postgresql/recovery-points';
import { OperatorError } from '../../../components/errors';
import type { RecoveryTarget } from '../../../components/site-operations';
import { startDatabase, until, type DatabaseFixture } from '../postgresql/database-fixture';

interface Mark {
  readonly id: string;
  readonly time: Date;
}

/* On a real replica: base backup, restore point, base backup, restore point. */
describe('planRestore', () => {
  let database: DatabaseFixture;
  let bases: readonly [older: string, newer: string];
  let marks: readonly [older: Mark, newer: Mark];

  before(async () => {
    database = await startDatabase();
    const { connection, replica } = database;
    await database.query('create table written (id integer)');
    const mark = async (fingerprint: string): Promise<Mark> => {
      await database.query('insert into written values (1)');
      return markRecoveryPoint({ connection, replica, facts: { fingerprint, serverVersion: '5.0.10' } });
    };
    const older = (await database.backUp()).id;
    const first = await mark('first');
    const newer = (await database.backUp()).id;
    bases = [older, newer];
    marks = [first, await mark('second')];
    await until('the segment of the newest point to be archived', async () => {
      const plan = await plannedOf({ kind: 'point', id: marks[1].id });
      return !(plan instanceof OperatorError);
    });
  });
  after(() => database.remove());

  function plannedOf(target: RecoveryTarget): Promise<Awaited<ReturnType<typeof planRestore>> | OperatorError> {
    return planRestore(database.replica, target).catch((error: unknown) => {
      if (error instanceof OperatorError) {
        return error;
      }
      throw error;
    });
  }

  async function refusal(target: RecoveryTarget): Promise<OperatorError> {
    const planned = await plannedOf(target);
    expect(planned).to.be.instanceOf(OperatorError);
    return planned as OperatorError;
  }

  const justAfter = (mark: Mark): string => new Date(mark.time.getTime() + 1).toISOString();

  it('latest: all of the log from the newest backup, else from the one before', async () => {
    const plan = await planRestore(database.replica, { kind: 'latest' });

    expect(plan).to.include({ kind: 'continuous', place: database.replica });
    expect(plan.source).to.deep.equal({
      replica: database.replica,
      bases: [bases[1], bases[0]],
      target: { kind: 'latest' },
    });
    expect(plan.sizeBytes).to.be.above(1_000_000);
    expect(plan.skipped).to.deep.equal([]);
    expect(plan.recorded).to.deep.equal({
      pointId: marks[1].id,
      time: marks[1].time.toISOString(),
      facts: { fingerprint: 'second', serverVersion: '5.0.10' },
    });
  });

  it('a moment between the backups: from the older one, against what was recorded before it', async () => {
    const at = justAfter(marks[0]);

    const plan = await planRestore(database.replica, { kind: 'time', at });

    expect(plan).to.include({ kind: 'continuous', time: at });
    expect(plan.source).to.deep.include({ bases: [bases[0]], target: { kind: 'time', at } });
    expect(plan.recorded).to.have.property('pointId', marks[0].id);
  });

  it('a moment before the first recording is held against nothing', async () => {
    const at = new Date(marks[0].time.getTime() - 1).toISOString();

    expect(await planRestore(database.replica, { kind: 'time', at })).to.have.property('recorded', null);
  });

  for (const [what, at, complaint] of [
    ['before the first backup', () => '2020-01-01T00:00:00.000Z', 'cannot be recovered to'],
    ['after all that is proven to be in the log', () => justAfter(marks[1]), 'cannot be recovered to'],
    ['in the future', () => new Date(Date.now() + 60_000).toISOString(), 'lies in the future'],
  ] as const) {
    it(`a moment ${what}: refused, with the span and the points that there are`, async () => {
      const error = await refusal({ kind: 'time', at: at() });

      expect(error).to.have.property('kind', 'bad-input');
      expect(error.message)
        .to.equal(`${at().slice(0, 19)}${error.message.slice(19)}`)
        .and.include(complaint);
      expect(error.hint).to.include(`to ${marks[1].time.toISOString()} can be recovered to`);
      expect(error.problems.map((problem) => problem.split(' ')[0])).to.have.members([
        ...bases,
        marks[0].id,
        marks[1].id,
      ]);
    });
  }

  it('a base backup: its own state, which no other backup has', async () => {
    for (const id of bases) {
      const plan = await planRestore(database.replica, { kind: 'point', id });

      expect(plan).to.include({ recoveryPoint: id, kind: 'base-backup' });
      expect(plan.source).to.deep.include({ bases: [id], target: { kind: 'immediate' } });
    }
  });

  it('a restore point: by its name, from any backup before it', async () => {
    const [first, second] = await Promise.all(
      marks.map(({ id }) => planRestore(database.replica, { kind: 'point', id }))
    );

    expect(first?.source).to.deep.include({ bases: [bases[0]], target: { kind: 'name', name: marks[0].id } });
    expect(second?.source).to.deep.include({ bases: [bases[1], bases[0]] });
    expect(second).to.include({ kind: 'restore-point', recoveryPoint: marks[1].id });
  });

  it('an unknown point: refused, with what there is', async () => {
    const error = await refusal({ kind: 'point', id: 'medplum-dr-20200101T000000000Z' });

    expect(error).to.have.property('kind', 'bad-input');
    expect(error.message).to.include('"medplum-dr-20200101T000000000Z" does not exist');
    expect(error.problems.join('\n')).to.include(marks[0].id);
  });

  describe('with the newest backup damaged', () => {
    const file = (id: string): string => path.join(database.replica, 'base', id, 'PG_VERSION');

    beforeEach(() => rename(file(bases[1]), `${file(bases[1])}.away`));
    afterEach(() => rename(`${file(bases[1])}.away`, file(bases[1])));

    it('it is skipped, with the reason', async () => {
      const plan = await planRestore(database.replica, { kind: 'latest' });

      expect(plan.source).to.deep.include({ bases: [bases[0]] });
      expect(plan.skipped).to.deep.equal([{ id: bases[1], reasons: ['PG_VERSION is missing'] }]);
      expect(plan.recorded).to.have.property('pointId', marks[1].id);
    });

    it('a moment before it is not its business', async () => {
      const plan = await planRestore(database.replica, { kind: 'time', at: justAfter(marks[0]) });

      expect(plan.skipped).to.deep.equal([]);
    });

    it('it cannot be asked for', async () => {
      const error = await refusal({ kind: 'point', id: bases[1] });

      expect(error.message).to.include('does not exist or cannot be restored');
      expect(error.problems.join('\n')).not.to.include(bases[1]);
    });

    it('and the other one too: refused, with the reason of each', async () => {
      await rename(file(bases[0]), `${file(bases[0])}.away`);
      try {
        const error = await refusal({ kind: 'latest' });

        expect(error).to.have.property('kind', 'preflight-failed');
        expect(error.problems).to.include.members(bases.map((id) => `${id}: PG_VERSION is missing`));
      } finally {
        await rename(`${file(bases[0])}.away`, file(bases[0]));
      }
    });
  });

  it('an empty replica: refused', async () => {
    const error = await planRestore(path.join(database.folder, 'nowhere'), { kind: 'latest' }).catch(
      (failure: unknown) => failure
    );

    expect(error).to.be.instanceOf(OperatorError).with.deep.property('problems', ['there is no base backup']);
  });
});
