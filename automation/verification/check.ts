/** One thing a run looked at, with what it saw. A check that could not be made is `not-checked`, never passed. */
export type Check =
  | { readonly id: string; readonly title: string; readonly status: 'passed'; readonly evidence: string }
  | { readonly id: string; readonly title: string; readonly status: 'failed'; readonly evidence: string }
  | {
      readonly id: string;
      readonly title: string;
      readonly status: 'not-checked';
      readonly evidence: string;
      readonly reason: string;
    };

interface Named {
  readonly id: string;
  readonly title: string;
}

export function judged(check: Named, good: boolean, evidence: string): Check {
  return { id: check.id, title: check.title, status: good ? 'passed' : 'failed', evidence };
}

export function notChecked(check: Named, reason: string): Check {
  return { id: check.id, title: check.title, status: 'not-checked', evidence: '', reason };
}
