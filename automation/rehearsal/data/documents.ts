import type { Resource } from '../../../medplum/resources';
import type { SeededRandom } from './random';

/** Bytes to be stored as a Binary before the batch that refers to it. */
export interface GeneratedBinary {
  /** Stands in the batch for the address that the server will give. */
  readonly placeholder: string;
  readonly contentType: string;
  readonly data: Buffer;
}

const SENTENCES = [
  'The patient was seen in the clinic and examined.',
  'There is no fever, cough or shortness of breath.',
  'Blood pressure and heart rate were recorded and are within the expected range.',
  'The medication was reviewed; no side effects were reported.',
  'A follow-up visit was agreed on.',
  'Laboratory results were discussed with the patient.',
  'Mobility is unchanged since the last visit.',
  'Advice on diet and exercise was given.',
] as const;

const SMALLEST_BYTES = 1024;
const LARGEST_BYTES = 65536;

/** A letter of the visit: its text as a Binary and the DocumentReference to it. */
export function letter(
  random: SeededRandom,
  { patient, encounter, at }: { readonly patient: string; readonly encounter: string; readonly at: Date }
): { binary: GeneratedBinary; reference: Resource } {
  const placeholder = `urn:uuid:${random.uuid()}`;
  const data = text(random, at);
  return {
    binary: { placeholder, contentType: 'text/plain', data },
    reference: {
      resourceType: 'DocumentReference',
      status: 'current',
      type: { coding: [{ system: 'http://loinc.org', code: '34108-1', display: 'Outpatient Note' }] },
      subject: { reference: patient },
      date: at.toISOString(),
      content: [
        { attachment: { contentType: 'text/plain', url: placeholder, title: 'Visit note', size: data.length } },
      ],
      context: { encounter: [{ reference: encounter }] },
    },
  };
}

function text(random: SeededRandom, at: Date): Buffer {
  // Few letters are long: sizes are even on a logarithmic scale.
  const size = Math.round(SMALLEST_BYTES * (LARGEST_BYTES / SMALLEST_BYTES) ** random.next());
  const parts = [`Visit note of ${at.toISOString()}\n\n`];
  for (let length = parts[0]?.length ?? 0; length < size;) {
    const sentence = random.pick(SENTENCES) + (random.next() < 0.2 ? '\n\n' : ' ');
    parts.push(sentence);
    length += sentence.length;
  }
  return Buffer.from(parts.join(''));
}
