import type { Resource } from '../../../medplum/resources';
import type { SeededRandom } from './random';

interface Measure {
  readonly code: string;
  readonly display: string;
  readonly unit: string;
  /** Unit in UCUM. */
  readonly unitCode: string;
  readonly range: readonly [number, number];
  readonly decimals: number;
}

/** Vital signs by LOINC code, with the values that adults have. */
const MEASURES = [
  { code: '8867-4', display: 'Heart rate', unit: 'beats/minute', unitCode: '/min', range: [48, 120], decimals: 0 },
  {
    code: '9279-1',
    display: 'Respiratory rate',
    unit: 'breaths/minute',
    unitCode: '/min',
    range: [10, 26],
    decimals: 0,
  },
  { code: '8310-5', display: 'Body temperature', unit: 'degrees C', unitCode: 'Cel', range: [35.8, 39.9], decimals: 1 },
  { code: '59408-5', display: 'Oxygen saturation', unit: '%', unitCode: '%', range: [88, 100], decimals: 0 },
  { code: '29463-7', display: 'Body weight', unit: 'kg', unitCode: 'kg', range: [42, 130], decimals: 1 },
  { code: '8302-2', display: 'Body height', unit: 'cm', unitCode: 'cm', range: [145, 205], decimals: 0 },
] as const satisfies readonly [Measure, ...Measure[]];

const SYSTOLIC: Measure = {
  code: '8480-6',
  display: 'Systolic blood pressure',
  unit: 'mmHg',
  unitCode: 'mm[Hg]',
  range: [95, 180],
  decimals: 0,
};
const DIASTOLIC: Measure = {
  code: '8462-4',
  display: 'Diastolic blood pressure',
  unit: 'mmHg',
  unitCode: 'mm[Hg]',
  range: [55, 110],
  decimals: 0,
};

export interface ObservationContext {
  readonly patient: string;
  readonly encounter: string;
  readonly at: Date;
}

/** One vital sign; a blood pressure, with its two parts, in one of four. */
export function observation(random: SeededRandom, { patient, encounter, at }: ObservationContext): Resource {
  const base = {
    resourceType: 'Observation',
    status: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: 'vital-signs',
            display: 'Vital Signs',
          },
        ],
      },
    ],
    subject: { reference: patient },
    encounter: { reference: encounter },
    effectiveDateTime: at.toISOString(),
  };
  if (random.next() < 0.25) {
    const component = [SYSTOLIC, DIASTOLIC].map((measure) => ({
      code: codeOf(measure),
      valueQuantity: value(random, measure),
    }));
    return { ...base, code: codeOf({ code: '85354-9', display: 'Blood pressure panel' }), component };
  }
  const measure = random.pick<Measure>(MEASURES);
  return { ...base, code: codeOf(measure), valueQuantity: value(random, measure) };
}

function codeOf({ code, display }: Pick<Measure, 'code' | 'display'>): object {
  return { coding: [{ system: 'http://loinc.org', code, display }], text: display };
}

function value(random: SeededRandom, { range, decimals, unit, unitCode }: Measure): object {
  return { value: random.decimal(...range, decimals), unit, system: 'http://unitsofmeasure.org', code: unitCode };
}
