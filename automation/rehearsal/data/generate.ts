import type { CreateBatch, Resource } from '../../../medplum/resources';
import { letter, type GeneratedBinary } from './documents';
import { observation } from './observations';
import { patient } from './patients';
import { SeededRandom } from './random';

/** A batch of creates, and the Binaries to store first: their placeholders in the batch become their addresses. */
export interface GeneratedBatch {
  readonly binaries: readonly GeneratedBinary[];
  readonly bundle: CreateBatch;
}

export interface GenerateOptions {
  /** Resources in all batches together, Binaries included. */
  readonly count: number;
  readonly seed: number;
}

type Entry = CreateBatch['entry'][number];

const BATCH_ENTRIES = 50;
const FIRST_VISIT = Date.UTC(2021, 0, 4);
const LAST_VISIT = Date.UTC(2026, 5, 30);
const MINUTE = 60_000;
const LETTER_SHARE = 0.12;

/**
 * Plausible patients with visits (Encounter), vital signs (Observation) and letters (DocumentReference with a Binary;
 * about 2 % of all are Binaries). A patient's resources refer to each other within one batch by `urn:uuid`, which
 * Medplum resolves in batches. The same options give the same content.
 */
export function* generateResources({ count, seed }: GenerateOptions): Generator<GeneratedBatch, void, undefined> {
  const random = new SeededRandom(seed);
  let entries: Entry[] = [];
  let binaries: GeneratedBinary[] = [];
  for (let left = count; left > 0;) {
    const chart = patientChart(random, left);
    entries.push(...chart.entries);
    binaries.push(...chart.binaries);
    left -= chart.entries.length + chart.binaries.length;
    if (entries.length >= BATCH_ENTRIES || left <= 0) {
      yield { binaries, bundle: { resourceType: 'Bundle', type: 'batch', entry: entries } };
      entries = [];
      binaries = [];
    }
  }
}

/** One patient with everything about them, cut off at `limit` resources so that no reference leads nowhere. */
function patientChart(random: SeededRandom, limit: number): { entries: Entry[]; binaries: GeneratedBinary[] } {
  const entries: Entry[] = [];
  const binaries: GeneratedBinary[] = [];
  const add = (resource: Resource): string => {
    const fullUrl = `urn:uuid:${random.uuid()}`;
    entries.push({ fullUrl, request: { method: 'POST', url: resource.resourceType }, resource });
    return fullUrl;
  };
  const left = (): number => limit - entries.length - binaries.length;

  const subject = add(patient(random));
  const visits = random.integer(2, 4);
  for (let visit = 0; visit < visits && left() > 0; visit++) {
    const start = FIRST_VISIT + Math.floor((random.next() * (LAST_VISIT - FIRST_VISIT)) / MINUTE) * MINUTE;
    const minutes = random.integer(10, 90);
    const encounter = add(visitOf(random, subject, new Date(start), new Date(start + minutes * MINUTE)));
    const vitals = random.integer(3, 7);
    for (let sign = 0; sign < vitals && left() > 0; sign++) {
      const at = new Date(start + random.integer(0, minutes) * MINUTE);
      add(observation(random, { patient: subject, encounter, at }));
    }
    if (random.next() < LETTER_SHARE && left() >= 2) {
      const document = letter(random, { patient: subject, encounter, at: new Date(start + minutes * MINUTE) });
      binaries.push(document.binary);
      add(document.reference);
    }
  }
  return { entries, binaries };
}

function visitOf(random: SeededRandom, subject: string, start: Date, end: Date): Resource {
  return {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: random.pick(['AMB', 'EMER', 'VR']) },
    type: [{ text: random.pick(['Consultation', 'Follow-up', 'Check-up', 'Vaccination']) }],
    subject: { reference: subject },
    period: { start: start.toISOString(), end: end.toISOString() },
  };
}
