import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import type { Client } from 'pg';
import { databaseFingerprintSchema, takeFingerprint } from '../../medplum/fingerprint';
import { binaryVersions, newestWrite, writesAfter } from '../../medplum/writes';
import { startDatabase, type TestDatabase } from './database';
import { makeTables, writeVersion } from './tables';

const START = Date.UTC(2026, 0, 1);
const at = (second: number): Date => new Date(START + second * 1000);

describe('fingerprint of a Medplum database', () => {
  let database: TestDatabase;
  let client: Client;
  const project = randomUUID();
  const other = randomUUID();
  const keys = [randomUUID(), randomUUID()].sort();
  const [patient, deletedPatient, observation, binary] = [
    randomUUID(),
    randomUUID(),
    randomUUID(),
    randomUUID(),
  ] as const;
  let patientVersion: string;
  let binaryVersion: string;

  before(async () => {
    database = await startDatabase();
    client = await database.connect();
    await makeTables(client, [
      'AsyncJob',
      'Binary',
      'Device',
      'JsonWebKey',
      'Observation',
      'Patient',
      'StructureDefinition',
    ]);
    // Tables with no history, as Medplum's look-up tables, are no resource types.
    await client.query(`create table "HumanName" (id int); create table "Patient_References" (id int)`);
    await client.query(`create table "DatabaseMigration" (id integer primary key, version integer, "dataVersion" integer,
      "firstBoot" boolean); insert into "DatabaseMigration" values (1, 100, 31, false)`);
    for (const id of keys) {
      await writeVersion(client, { type: 'JsonWebKey', id, at: at(0), elements: { active: true } });
    }
    await writeVersion(client, { type: 'JsonWebKey', id: randomUUID(), at: at(0), elements: { active: false } });
    const gone = { type: 'JsonWebKey', id: randomUUID() };
    await writeVersion(client, { ...gone, at: at(0), elements: { active: true } });
    await writeVersion(client, { ...gone, at: at(1) });
    await writeVersion(client, { type: 'AsyncJob', id: randomUUID(), at: at(1), elements: { status: 'active' } });
    await writeVersion(client, { type: 'AsyncJob', id: randomUUID(), at: at(1), elements: { status: 'completed' } });
    await writeVersion(client, { type: 'StructureDefinition', id: randomUUID(), at: at(1), elements: {} });
    await writeVersion(client, { type: 'Patient', id: patient, at: at(2), elements: {}, projectId: project });
    patientVersion = await writeVersion(client, {
      type: 'Patient',
      id: patient,
      at: at(3),
      elements: {},
      projectId: project,
    });
    await writeVersion(client, { type: 'Patient', id: deletedPatient, at: at(4), elements: {}, projectId: project });
    await writeVersion(client, { type: 'Observation', id: observation, at: at(5), elements: {}, projectId: other });
    binaryVersion = await writeVersion(client, {
      type: 'Binary',
      id: binary,
      at: at(6),
      elements: {},
      projectId: project,
    });
    await writeVersion(client, { type: 'Patient', id: deletedPatient, at: at(9), projectId: project });
  });

  after(async () => {
    await client.end();
    await database.remove();
  });

  it('holds what the database holds', async () => {
    const fingerprint = await takeFingerprint(client);

    expect(fingerprint.signingKeyIds).to.deep.equal(keys);
    expect(fingerprint.resourceCounts).to.deep.equal({
      AsyncJob: 2,
      Binary: 1,
      Device: 0,
      JsonWebKey: 3,
      Observation: 1,
      Patient: 1,
      StructureDefinition: 1,
    });
    expect(fingerprint.migration).to.deep.equal({ version: 100, dataVersion: 31, firstBoot: false });
    expect(fingerprint.newestWriteAt).to.equal(at(9).toISOString());
    expect(fingerprint.unfinishedAsyncJobs).to.equal(1);
    expect(fingerprint.systemIdentifier).to.match(/^\d{15,20}$/);
    expect(fingerprint.timeline).to.equal(1);
    expect(fingerprint.postgresqlVersion).to.match(/^\d+/);
    expect(fingerprint.extensions.map(({ name }) => name)).to.include('plpgsql');
    expect(Math.abs(Date.parse(fingerprint.takenAt) - Date.now())).to.be.below(10_000);
  });

  it('samples live clinical resources by their newest version', async () => {
    const { samples } = await takeFingerprint(client);

    expect(samples.map(({ resourceType }) => resourceType).sort()).to.deep.equal(['Observation', 'Patient']);
    expect(samples).to.deep.include({ resourceType: 'Patient', id: patient, versionId: patientVersion });
  });

  it('samples only the project that is asked for', async () => {
    const { samples } = await takeFingerprint(client, { sampleProject: other });

    expect(samples.map(({ id }) => id)).to.deep.equal([observation]);
  });

  it('is the same after being stored as JSON', async () => {
    const fingerprint = await takeFingerprint(client);

    expect(databaseFingerprintSchema.parse(JSON.parse(JSON.stringify(fingerprint)))).to.deep.equal(fingerprint);
  });

  it('is of one moment, and leaves no transaction open', async () => {
    const writer = await database.connect();
    const query = client.query.bind(client) as (text: string, values?: unknown[]) => Promise<unknown>;
    let written = 0;
    Object.assign(client, {
      query: async (text: string, values?: unknown[]) => {
        if (text.includes('union all')) {
          await writeVersion(writer, { type: 'Device', id: randomUUID(), at: at(50), elements: {} });
          written++;
        }
        return query(text, values);
      },
    });

    const fingerprint = await takeFingerprint(client);

    Reflect.deleteProperty(client, 'query');
    expect(written).to.be.above(0);
    expect(fingerprint).to.have.nested.property('resourceCounts.Device', 0);
    expect(fingerprint.newestWriteAt).to.equal(at(9).toISOString());
    await client.query('create temporary table writable (id int); drop table writable');
    await writer.query('delete from "Device"; delete from "Device_History"');
    await writer.end();
  });

  it('takes of one frequent type the newest and the oldest, of many types some of each', async () => {
    const ids: string[] = [];
    for (let second = 0; second < 40; second++) {
      const id = randomUUID();
      ids.push(id);
      await writeVersion(client, { type: 'Device', id, at: at(100 + second), elements: {}, projectId: project });
    }

    const { samples } = await takeFingerprint(client);

    const devices = samples.filter(({ resourceType }) => resourceType === 'Device').map(({ id }) => id);
    expect(samples.map(({ resourceType }) => resourceType)).to.include.members(['Observation', 'Patient']);
    expect(devices).to.include(ids[0]).and.include(ids[39]);
    expect(samples).to.have.lengthOf.at.most(25);
    expect((await takeFingerprint(client)).samples).to.deep.equal(samples);
    await client.query('delete from "Device"; delete from "Device_History"');
  });

  it('is of an empty database too, with nothing made up', async () => {
    await client.query('create schema empty; set search_path = empty');

    const fingerprint = await takeFingerprint(client);

    await client.query('set search_path = public');
    expect(fingerprint).to.deep.include({
      signingKeyIds: [],
      resourceCounts: {},
      migration: null,
      newestWriteAt: null,
    });
    expect(fingerprint).to.deep.include({ samples: [], unfinishedAsyncJobs: null });
  });

  it('ends its transaction when it fails', async () => {
    await client.query(`update "JsonWebKey" set content = 'no JSON' where id = $1`, [keys[0]]);

    const failed = await takeFingerprint(client).catch((error: unknown) => error);

    expect(failed).to.be.an('error').with.property('message').that.includes('json');
    await client.query(`update "JsonWebKey" set content = '{"active": true}' where id = $1`, [keys[0]]);
  });

  it('newest write, writes after a moment and live Binaries are read from the same tables', async () => {
    expect(await newestWrite(client)).to.equal(at(9).toISOString());
    expect(await writesAfter(client, at(4))).to.deep.equal({ Binary: 1, Observation: 1, Patient: 1 });
    expect(await binaryVersions(client)).to.deep.equal([
      { id: binary, versionId: binaryVersion, lastUpdated: at(6).toISOString() },
    ]);
  });
});
