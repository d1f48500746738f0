import type { Resource } from '../../../medplum/resources';

/** A heart rate as a bedside monitor would send it. */
export function vitalSign(turn: number, at: Date): Resource {
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }], text: 'Heart rate' },
    effectiveDateTime: at.toISOString(),
    valueQuantity: { value: 60 + (turn % 40), unit: 'beats/minute', system: 'http://unitsofmeasure.org', code: '/min' },
  };
}

export function noteBytes(turn: number, at: Date): Buffer {
  return Buffer.from(`Note ${turn} of ${at.toISOString()}\n${'The patient is resting. '.repeat(100)}\n`);
}

/** The document that a stored Binary belongs to. */
export function note(url: string, at: Date): Resource {
  return {
    resourceType: 'DocumentReference',
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: '34109-9', display: 'Note' }] },
    date: at.toISOString(),
    content: [{ attachment: { contentType: 'text/plain', url, title: 'Note' } }],
  };
}
