import type { Resource } from '../../../medplum/resources';
import type { SeededRandom } from './random';

const FAMILY_NAMES = [
  'Almeida',
  'Becker',
  'Chen',
  'Diallo',
  'Evans',
  'Fischer',
  'García',
  'Haddad',
  'Ivanova',
  'Jansen',
  'Kowalski',
  'Larsen',
  'Moreau',
  'Nguyen',
  'Okafor',
  'Patel',
  'Rossi',
  'Sato',
  'Tanaka',
  'Virtanen',
] as const;
const GIVEN_NAMES = {
  female: ['Ada', 'Beatriz', 'Chiara', 'Dina', 'Emma', 'Fatou', 'Grace', 'Hanna', 'Ingrid', 'Julia'],
  male: ['Adam', 'Bruno', 'Carlos', 'David', 'Emil', 'Felix', 'George', 'Hugo', 'Ivan', 'Jonas'],
} as const;
const STREETS = ['Station Road', 'Mill Lane', 'Garden Street', 'Harbour Way', 'Church Hill'] as const;
const CITIES = ['Northfield', 'Eastbrook', 'Southport', 'Westhaven'] as const;

/** A made-up person with the elements that a clinic fills in. */
export function patient(random: SeededRandom): Resource {
  const gender = random.pick<keyof typeof GIVEN_NAMES>(['female', 'male']);
  const family = random.pick(FAMILY_NAMES);
  const given = random.pick(GIVEN_NAMES[gender]);
  const record = String(random.integer(1_000_000, 9_999_999));
  return {
    resourceType: 'Patient',
    identifier: [
      {
        use: 'usual',
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
        system: 'https://example.com/medical-record-number',
        value: record,
      },
    ],
    active: true,
    name: [{ use: 'official', family, given: [given] }],
    telecom: [
      { system: 'phone', value: `555-${random.integer(1000, 9999)}`, use: 'mobile' },
      { system: 'email', value: `${given}.${record}@example.com`.toLowerCase() },
    ],
    gender,
    birthDate: new Date(Date.UTC(random.integer(1935, 2020), random.integer(0, 11), random.integer(1, 28)))
      .toISOString()
      .slice(0, 10),
    address: [
      {
        use: 'home',
        line: [`${random.integer(1, 240)} ${random.pick(STREETS)}`],
        city: random.pick(CITIES),
        postalCode: String(random.integer(10_000, 99_999)),
      },
    ],
  };
}
