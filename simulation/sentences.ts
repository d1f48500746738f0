/** What must hold in every simulation, each with its sentence. */
export const INVARIANTS = {
  'one-writer-behind-the-name': 'At no time do two sites that take writes stand behind the name.',
  'traffic-after-verification':
    'The name leads to a site only after its health, and of a restored one its data, was found good; and it is good.',
  'fence-before-cutover':
    'The name leaves a site only when that takes no writes or cannot be reached, or the operator accepted it by name.',
  'stale-driver-changes-nothing': 'A driver begins no change once another one took over and made its first.',
  'changes-under-the-lock': 'A driver begins no change before it holds the environment.',
  'foreign-change-kept': 'A record that somebody else changed is not written over without leave.',
  'cutovers-go-forward': 'The record is never set by a cutover with a lower number than the one that set it.',
  'nothing-made-twice': 'No resource of a stack is made while it is there.',
  'planned-move-loses-nothing':
    'After a planned move, and after going back, every acknowledged write is where the name leads.',
  'drill-leaves-production-alone': 'A drill touches neither the name nor the config nor the site of production.',
  'journal-tells-the-truth': 'A step is journalled as done, and a run as over, only when that is so.',
  'same-end':
    'Once nothing fails any more a run ends: moved and whole, or undone with nothing left of it and the old site as it was.',
  'lock-given-back': 'A driver that ended leaves no lock behind that a new one needs to take over.',
  'failures-are-told': "A driver fails with an error for its operator, or with the system's own, and no other.",
  ends: 'No run goes on for ever.',
} as const;
export type InvariantName = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: InvariantName;
  readonly detail: string;
}
