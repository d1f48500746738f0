import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, TestPostgresql } from './postgresql';
import { type Ended, environmentFor, runToEnd, StandIn, superAdmin } from './stand-in';

interface Migration {
  version: number;
  dataVersion: number;
  firstBoot: boolean;
}

describe('stand-in start', function () {
  this.timeout(120_000);
  let postgresql: TestPostgresql;
  const folder = mkdtempSync(join(tmpdir(), 'standin-start-'));

  before(async () => {
    postgresql = await TestPostgresql.start();
    await postgresql.query('postgres', 'CREATE DATABASE seeded');
    const standIn = await StandIn.start(postgresql, 'seeded', { folder });
    await standIn.stop();
  });

  after(async () => {
    await postgresql.destroy();
    rmSync(folder, { recursive: true });
  });

  async function copyOfSeeded(name: string): Promise<string> {
    await postgresql.query('postgres', `CREATE DATABASE ${name} TEMPLATE seeded`);
    return name;
  }

  function run(database: string, more: Record<string, string> = {}): Promise<Ended> {
    return runToEnd({ ...environmentFor(postgresql, database, folder), ...more });
  }

  async function migrationOf(database: string): Promise<Migration | undefined> {
    const rows = await postgresql.query<Migration>(
      database,
      'SELECT version, "dataVersion", "firstBoot" FROM "DatabaseMigration" WHERE id = 1'
    );
    return rows[0];
  }

  it('lays out the tables as Medplum does', async () => {
    const columns = await postgresql.query<{ table: string; columns: string }>(
      'seeded',
      `SELECT table_name AS table, string_agg(column_name || ' ' || udt_name, ', ' ORDER BY ordinal_position) AS columns
       FROM information_schema.columns WHERE table_name LIKE 'Patient%' OR table_name IN ('Binary', 'JsonWebKey') GROUP BY 1`
    );
    const common =
      'id uuid, content text, lastUpdated timestamptz, deleted bool, _profile _text, _source text, projectId uuid, __version int4';
    expect(Object.fromEntries(columns.map((row) => [row.table, row.columns]))).to.deep.equal({
      Binary: common,
      JsonWebKey: `${common}, compartments _uuid, active bool`,
      Patient: `${common}, compartments _uuid`,
      Patient_History: 'versionId uuid, id uuid, content text, lastUpdated timestamptz',
      Patient_References: 'resourceId uuid, targetId uuid, code text',
    });
    const [counts] = await postgresql.query<{ tables: number; extensions: string[] }>(
      'seeded',
      `SELECT (SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE '%\\_History') AS tables,
       (SELECT array_agg(extname::text ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql') AS extensions`
    );
    expect(counts?.tables).to.be.greaterThan(160);
    expect(counts?.extensions).to.deep.equal(['btree_gin', 'pg_trgm']);
  });

  it('seeds an empty database: one key, the super admin, the default client, and the migration row', async () => {
    expect(await migrationOf('seeded')).to.deep.equal({ version: 100, dataVersion: 31, firstBoot: false });
    const counts = await postgresql.query(
      'seeded',
      `SELECT (SELECT count(*)::int FROM "JsonWebKey" WHERE active AND NOT deleted) AS keys,
       (SELECT count(*)::int FROM "Project" WHERE (content::jsonb->>'superAdmin')::boolean) AS projects,
       (SELECT content::jsonb->>'email' FROM "User") AS email, (SELECT id::text FROM "ClientApplication") AS client`
    );
    expect(counts).to.deep.equal([{ keys: 1, projects: 1, email: 'admin@example.com', client: superAdmin.id }]);
  });

  it('writes no row when nothing is pending, and keeps the key', async () => {
    const database = await copyOfSeeded('unchanged');
    const written = (): Promise<unknown[]> =>
      postgresql.query(
        database,
        `SELECT (SELECT count(*)::int FROM "JsonWebKey_History") AS keys, (SELECT count(*)::int FROM "Project_History") AS projects,
         (SELECT xmin::text FROM "DatabaseMigration") AS transaction`
      );
    const before = await written();
    const standIn = await StandIn.start(postgresql, database, { folder });
    await standIn.stop();
    expect(standIn.output).to.include('Already seeded').and.include('Loaded 1 key(s) from the database');
    expect(await written()).to.deep.equal(before);
  });

  it('gives two empty databases different keys and both a healthy server', async () => {
    await postgresql.query('postgres', 'CREATE DATABASE empty');
    const standIn = await StandIn.start(postgresql, 'empty', { folder });
    const health = await standIn.get<{ ok: boolean }>('/healthcheck');
    const keys = await standIn.get<{ keys: { kid: string }[] }>('/.well-known/jwks.json');
    await standIn.stop();
    expect(health).to.deep.include({ status: 200 });
    expect(standIn.output).to.include('Seeding database...');
    const seeded = await postgresql.query<{ id: string }>('seeded', 'SELECT id FROM "JsonWebKey"');
    expect(keys.body.keys[0]?.kid).to.be.a('string').and.not.equal(seeded[0]?.id);
  });

  it('seeds anew when an earlier start died while seeding', async () => {
    const database = await copyOfSeeded('died');
    await postgresql.query(
      database,
      `UPDATE "DatabaseMigration" SET "dataVersion" = 0, "firstBoot" = true;
       TRUNCATE "Project", "User", "ClientApplication", "ProjectMembership", "JsonWebKey"`
    );
    const standIn = await StandIn.start(postgresql, database, { folder });
    const token = await standIn.token(superAdmin);
    await standIn.stop();
    expect(token.status).to.equal(200);
    expect(await migrationOf(database)).to.deep.equal({ version: 100, dataVersion: 31, firstBoot: false });
  });

  for (const { name, change } of [
    {
      name: 'a database that cannot be reached',
      change: async () => ({ MEDPLUM_DATABASE_PORT: String(await freePort()) }),
    },
    { name: 'a database that is not there', change: () => Promise.resolve({ MEDPLUM_DATABASE_DBNAME: 'missing' }) },
  ]) {
    it(`ends within 3 s, with one line, on ${name}`, async () => {
      const ended = await run('seeded', await change());
      expect(ended.code).to.equal(1);
      expect(ended.output.trim().split('\n')).to.have.length(1);
      expect(ended.seconds).to.be.lessThan(3);
    });
  }

  it('ends on a read-only database, as on a standby', async () => {
    const database = await copyOfSeeded('readonly');
    await postgresql.query('postgres', `ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    const ended = await run(database);
    expect(ended.code).to.equal(1);
    expect(ended.output).to.include('cannot execute CREATE TABLE in a read-only transaction');
  });

  it('refuses an older database in production, after having moved its version', async () => {
    const database = await copyOfSeeded('older');
    await postgresql.query(database, 'UPDATE "DatabaseMigration" SET version = 98, "dataVersion" = 28');
    const ended = await run(database, { NODE_ENV: 'production' });
    expect(ended.code).to.equal(1);
    expect(ended.output).to.match(/Unable to run this version .* v29 requires/);
    expect(await migrationOf(database)).to.deep.equal({ version: 100, dataVersion: 28, firstBoot: false });
  });

  it('migrates an older database elsewhere, unless post-deploy migrations are disabled', async () => {
    const database = await copyOfSeeded('elsewhere');
    await postgresql.query(database, 'UPDATE "DatabaseMigration" SET version = 98, "dataVersion" = 28');
    const environment = { MEDPLUM_DATABASE_DISABLE_RUN_POST_DEPLOY_MIGRATIONS: 'true' };
    await (await StandIn.start(postgresql, database, { folder, environment })).stop();
    expect(await migrationOf(database)).to.deep.include({ version: 100, dataVersion: 28 });
    await (await StandIn.start(postgresql, database, { folder })).stop();
    expect(await migrationOf(database)).to.deep.include({ version: 100, dataVersion: 31 });
  });

  it('starts silently as an older server on a newer database, and leaves its versions', async () => {
    const environment = {
      NODE_ENV: 'production',
      MEDPLUM_STANDIN_VERSION: '5.0.1-standin',
      MEDPLUM_STANDIN_MIGRATIONS: '90,20',
    };
    const standIn = await StandIn.start(postgresql, 'seeded', { folder, environment });
    const health = await standIn.get<{ version: string }>('/healthcheck');
    await standIn.stop();
    expect(health.body.version).to.equal('5.0.1-standin');
    expect(await migrationOf('seeded')).to.deep.include({ version: 100, dataVersion: 31 });
  });

  it('ends with code 0 within 2 s of SIGTERM, with a connection open', async () => {
    const standIn = await StandIn.start(postgresql, 'seeded', { folder });
    await standIn.get('/healthcheck');
    const { code, seconds } = await standIn.stop();
    expect(code).to.equal(0);
    expect(seconds).to.be.lessThan(2);
  });
});
