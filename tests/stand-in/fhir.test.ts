import { expect } from 'chai';
import type { Bundle, OperationOutcome, Patient } from '@medplum/fhirtypes';
import { TestPostgresql } from './postgresql';
import { basic, ordinaryClient, StandIn, superAdmin } from './stand-in';

const unknownId = '00000000-0000-4000-8000-000000000000';

function textOf(outcome: OperationOutcome): string | undefined {
  return outcome.issue[0]?.details?.text;
}

describe('stand-in FHIR API', function () {
  this.timeout(120_000);
  let postgresql: TestPostgresql;
  let standIn: StandIn;
  let clinic: string;
  let other: string;

  before(async () => {
    postgresql = await TestPostgresql.start();
    await postgresql.query('postgres', 'CREATE DATABASE medplum');
    standIn = await StandIn.start(postgresql, 'medplum');
    clinic = basic(await ordinaryClient(standIn, 'clinic'));
    other = basic(await ordinaryClient(standIn, 'other'));
  });

  after(async () => {
    await standIn.destroy();
    await postgresql.destroy();
  });

  async function createPatient(patient: Partial<Patient> = {}, authorization = clinic): Promise<Required<Patient>> {
    const answer = await standIn.send<Required<Patient>>('POST', '/fhir/R4/Patient', authorization, {
      resourceType: 'Patient',
      ...patient,
    });
    expect(answer.status).to.equal(201);
    return answer.body;
  }

  function search(query: string, authorization = clinic): Promise<{ status: number; body: Bundle<Patient> }> {
    return standIn.get<Bundle<Patient>>(`/fhir/R4/Patient?${query}`, authorization);
  }

  it('creates, reads, and stores the row as Medplum does', async () => {
    const patient = await createPatient({ name: [{ family: 'Row' }], meta: { profile: ['http://profile'] } });
    const read = await standIn.get<Patient>(`/fhir/R4/Patient/${patient.id}`, clinic);
    expect(read.body).to.deep.equal(patient);
    expect(read.headers.get('etag')).to.equal(`W/"${patient.meta.versionId ?? ''}"`);
    const rows = await postgresql.query<{ content: string; lastUpdated: Date; __version: number }>(
      'medplum',
      'SELECT p.*, h."lastUpdated" AS history FROM "Patient" p JOIN "Patient_History" h USING (id) WHERE id = $1',
      [patient.id]
    );
    const lastUpdated = new Date(patient.meta.lastUpdated ?? '');
    expect(rows).to.have.length(1);
    expect(rows[0]).to.deep.include({
      lastUpdated,
      history: lastUpdated,
      deleted: false,
      projectId: patient.meta.project,
      _profile: ['http://profile'],
      __version: 12,
    });
    expect(JSON.parse(rows[0]!.content)).to.deep.equal(patient);
  });

  it('updates, patches, and keeps every version', async () => {
    const first = await createPatient({ gender: 'female' });
    const path = `/fhir/R4/Patient/${first.id}`;
    const second = await standIn.send<Required<Patient>>('PUT', path, clinic, { ...first, gender: 'male' });
    const third = await standIn.send<Required<Patient>>('PATCH', path, clinic, [
      { op: 'replace', path: '/gender', value: 'other' },
    ]);
    expect([second.status, third.status, third.body.gender]).to.deep.equal([200, 200, 'other']);
    const history = await standIn.get<Bundle<Patient>>(`${path}/_history`, clinic);
    expect(history.body.entry?.map((entry) => entry.resource?.gender)).to.deep.equal(['other', 'male', 'female']);
    const version = await standIn.get<Patient>(`${path}/_history/${first.meta.versionId ?? ''}`, clinic);
    expect(version.body.gender).to.equal('female');
    const stale = await standIn.send(
      'PUT',
      path,
      clinic,
      { ...first, gender: 'unknown' },
      { 'if-match': `W/"${unknownId}"` }
    );
    expect(stale.status).to.equal(412);
  });

  it('deletes as Medplum does: gone to read, empty content, version -1, an empty history entry', async () => {
    const patient = await createPatient();
    const path = `/fhir/R4/Patient/${patient.id}`;
    expect((await standIn.send('DELETE', path, clinic)).status).to.equal(200);
    expect((await standIn.get(path, clinic)).status).to.equal(410);
    expect((await search(`_id=${patient.id}`)).body.entry).to.deep.equal([]);
    const [row] = await postgresql.query(
      'medplum',
      `SELECT content, deleted, __version, (SELECT array_agg(length(content) > 0 ORDER BY "lastUpdated") FROM "Patient_History" h
       WHERE h.id = p.id) AS history FROM "Patient" p WHERE id = $1`,
      [patient.id]
    );
    expect(row).to.deep.equal({ content: '', deleted: true, __version: -1, history: [true, false] });
  });

  it('answers 404 for what is unknown, 400 for a type that does not exist, 401 without a login', async () => {
    expect((await standIn.get(`/fhir/R4/Patient/${unknownId}`, clinic)).status).to.equal(404);
    expect((await standIn.get('/fhir/R4/Patient/no-uuid', clinic)).status).to.equal(404);
    expect((await standIn.get('/fhir/R4/Starship', clinic)).status).to.equal(400);
    expect((await standIn.get('/fhir/R4/Patient')).status).to.equal(401);
    expect((await standIn.get('/nowhere', clinic)).status).to.equal(404);
    expect((await standIn.send('POST', '/fhir/R4/$graphql', clinic, { query: '{}' })).status).to.equal(404);
    expect((await standIn.send('POST', '/fhir/R4/Patient', clinic, '{')).status).to.equal(400);
  });

  it('keeps projects apart, and shows the super admin all', async () => {
    const patient = await createPatient();
    const path = `/fhir/R4/Patient/${patient.id}`;
    expect((await standIn.get(path, other)).status).to.equal(404);
    expect((await standIn.get(`${path}/_history`, other)).status).to.equal(404);
    expect((await standIn.send('PUT', path, other, { ...patient, gender: 'male' })).status).to.equal(404);
    expect((await standIn.send('DELETE', path, other)).status).to.equal(404);
    expect((await search(`_id=${patient.id}`, other)).body.entry).to.deep.equal([]);
    expect((await search(`_id=${patient.id}`, basic(superAdmin))).body.entry).to.have.length(1);
    expect((await standIn.get('/fhir/R4/JsonWebKey', clinic)).status).to.equal(403);
    expect((await standIn.send('POST', '/fhir/R4/Project', clinic, { resourceType: 'Project' })).status).to.equal(403);
    const moved = await createPatient({ meta: { project: unknownId } }, other);
    expect(moved.meta.project).to.not.equal(unknownId);
  });

  it('lets only the super admin choose an id', async () => {
    const body = { resourceType: 'Patient', id: unknownId.replace('8000', '8001') };
    const path = `/fhir/R4/Patient/${body.id}`;
    expect((await standIn.send('PUT', path, clinic, body)).status).to.equal(404);
    expect((await standIn.send('PUT', path, basic(superAdmin), body)).status).to.equal(200);
    expect((await createPatient({ id: unknownId })).id).to.not.equal(unknownId);
  });

  it('answers a read by id from the cache and a search from the database', async () => {
    const patient = await createPatient();
    await postgresql.query('medplum', 'DELETE FROM "Patient" WHERE id = $1', [patient.id]);
    expect((await standIn.get(`/fhir/R4/Patient/${patient.id}`, clinic)).status).to.equal(200);
    expect((await search(`_id=${patient.id}`)).body.entry).to.deep.equal([]);
    // And so an update of this ghost writes it back, as on Medplum.
    await standIn.send('PUT', `/fhir/R4/Patient/${patient.id}`, clinic, { ...patient, gender: 'male' });
    expect((await search(`_id=${patient.id}`)).body.entry).to.have.length(1);
  });

  describe('search', () => {
    let patients: Required<Patient>[];

    before(async () => {
      patients = [];
      for (const [family, value] of [
        ['Alpha', 'A-1'],
        ['Beta', 'B-2'],
        ['Gamma', 'C-3'],
      ] as const) {
        const identifier = [{ system: 'http://search.example.com', value }];
        patients.push(await createPatient({ name: [{ family }], identifier, birthDate: '1980-02-03' }));
      }
    });

    const system = 'identifier=http://search.example.com|';
    for (const { query, families } of [
      { query: `${system}A-1`, families: ['Alpha'] },
      { query: system, families: ['Alpha', 'Beta', 'Gamma'] },
      { query: 'identifier=b-2,C-3', families: ['Beta', 'Gamma'] },
      { query: 'identifier=http://elsewhere|A-1', families: [] },
      { query: `${system}&name=alph`, families: ['Alpha'] },
      { query: `${system}&birthdate=gt1980-02-02&family=gamma`, families: ['Gamma'] },
      { query: `${system}&birthdate=lt1980-02-02`, families: [] },
      { query: `${system}&_sort=-_lastUpdated&_count=2`, families: ['Gamma', 'Beta'] },
      { query: `${system}&_sort=_lastUpdated&_count=1&_offset=1`, families: ['Beta'] },
    ]) {
      it(`finds ${JSON.stringify(families)} by ${query}`, async () => {
        const { status, body } = await search(query);
        expect(status).to.equal(200);
        expect(body.entry?.map((entry) => entry.resource?.name?.[0]?.family)).to.deep.equal(families);
      });
    }

    it('finds a document by its master identifier', async () => {
      const document = { resourceType: 'DocumentReference', masterIdentifier: { value: 'master-1' }, content: [] };
      await standIn.send('POST', '/fhir/R4/DocumentReference', clinic, document);
      const found = await standIn.get<Bundle>('/fhir/R4/DocumentReference?identifier=master-1', clinic);
      expect(found.body.entry).to.have.length(1);
    });

    it('counts', async () => {
      const counted = await search(`${system}&_summary=count`);
      expect(counted.body).to.deep.include({ total: 3, entry: [] });
      const paged = await search(`_id=${patients.map(({ id }) => id).join(',')}&_total=accurate&_count=1`);
      expect(paged.body.total).to.equal(3);
      expect(paged.body.entry).to.have.length(1);
      expect(paged.body.link?.map(({ relation }) => relation)).to.deep.equal(['self', 'next']);
    });

    it('compares _lastUpdated to the millisecond', async () => {
      const [, second] = patients;
      const at = second?.meta.lastUpdated ?? '';
      const family = async (prefix: string): Promise<(string | undefined)[] | undefined> =>
        (await search(`${system}&_lastUpdated=${prefix}${at}`)).body.entry?.map(
          (entry) => entry.resource?.name?.[0]?.family
        );
      expect(await family('gt')).to.deep.equal(['Gamma']);
      expect(await family('ge')).to.deep.equal(['Beta', 'Gamma']);
      expect(await family('lt')).to.deep.equal(['Alpha']);
      expect(await family('le')).to.deep.equal(['Alpha', 'Beta']);
      expect(await family('')).to.deep.equal(['Beta']);
    });

    for (const query of [
      'bogus=1',
      'name:exact=Alpha',
      '_sort=birthdate',
      '_include=Patient:organization',
      '_summary=text',
      '_lastUpdated=soon',
      '_count=-1',
      'organization:Organization=1',
      'general-practitioner.name=x',
      '_format=xml',
    ]) {
      it(`refuses ${query}, rather than ignoring it`, async () => {
        expect((await search(query)).status).to.equal(400);
      });
    }
  });

  describe('bundles', () => {
    const patientEntry = (family: string): object => ({
      request: { method: 'POST', url: 'Patient' },
      resource: { resourceType: 'Patient', name: [{ family }] },
    });

    it('runs a batch whose entries succeed and fail apart, with references resolved', async () => {
      const urn = 'urn:uuid:11111111-1111-4111-8111-111111111111';
      const { status, body } = await standIn.send<Bundle>('POST', '/fhir/R4', clinic, {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [
          { ...patientEntry('Batch'), fullUrl: urn },
          { request: { method: 'GET', url: `Patient/${unknownId}` } },
          {
            request: { method: 'POST', url: 'Observation' },
            resource: { resourceType: 'Observation', subject: { reference: urn } },
          },
        ],
      });
      expect(status).to.equal(200);
      expect(body.entry?.map((entry) => entry.response?.status)).to.deep.equal(['201', '404', '201']);
      const id = body.entry?.[0]?.resource?.id ?? '';
      const found = await standIn.get<Bundle>(`/fhir/R4/Observation?subject=Patient/${id}`, clinic);
      expect(found.body.entry).to.have.length(1);
      const [row] = await postgresql.query('medplum', 'SELECT compartments FROM "Observation" WHERE id = $1', [
        found.body.entry?.[0]?.resource?.id,
      ]);
      expect(row).to.deep.equal({ compartments: [found.body.entry?.[0]?.resource?.meta?.project, id] });
    });

    it('undoes a transaction as a whole', async () => {
      const entry = [patientEntry('Undone'), { request: { method: 'DELETE', url: `Patient/${unknownId}` } }];
      const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
      expect((await standIn.send('POST', '/fhir/R4', clinic, bundle)).status).to.equal(404);
      expect((await search('family=Undone&_summary=count')).body.total).to.equal(0);
      const done = { ...bundle, entry: [patientEntry('Done'), patientEntry('Done')] };
      expect((await standIn.send('POST', '/fhir/R4', clinic, done)).status).to.equal(200);
      expect((await search('family=Done&_summary=count')).body.total).to.equal(2);
    });

    it('creates conditionally once', async () => {
      const create = (): Promise<{ status: number }> =>
        standIn.send(
          'POST',
          '/fhir/R4/Patient',
          clinic,
          { resourceType: 'Patient', identifier: [{ value: 'only-one' }] },
          {
            'if-none-exist': 'identifier=only-one',
          }
        );
      expect([(await create()).status, (await create()).status]).to.deep.equal([201, 200]);
    });

    it('says of each entry of a batch whether the database took it', async () => {
      await postgresql.query(
        'medplum',
        'ALTER TABLE "Patient" ADD CONSTRAINT refuse CHECK (content NOT LIKE \'%Refused%\')'
      );
      const bundle = {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [patientEntry('Refused'), patientEntry('Taken'), patientEntry('Refused')],
      };
      const { body } = await standIn.send<Bundle>('POST', '/fhir/R4', clinic, bundle);
      expect(body.entry?.map((entry) => entry.response?.status)).to.deep.equal(['400', '201', '400']);
      expect((await search('family=Taken&_summary=count')).body.total).to.equal(1);
      expect(textOf(body.entry![0]!.response!.outcome as OperationOutcome)).to.include('refuse');
      expect(body.entry?.[0]).to.not.have.property('resource');
    });
  });
});
