type Scalar = string | number | boolean;

/** One value of a config that was looked for: where it was found, or why it was not and how to fill it in. */
export type Finding<Value = unknown> = Found<Value> | Proposed<Value> | Missing;

export interface Found<Value> {
  readonly status: 'found';
  readonly value: Value;
  /** The way to it, such as `DatabaseSecrets → host → DescribeDBClusters`. */
  readonly from: string;
}

/** Nothing that is there to be found: a choice that the operator should look at. */
export interface Proposed<Value> {
  readonly status: 'proposed';
  readonly value: Value;
  readonly why: string;
}

export interface Missing {
  readonly status: 'missing';
  readonly reason: string;
  /** What to do to get it: a sentence or a command. */
  readonly fill: string;
  /** What stands in the config's commented line until then; `<…>` marks what has to be replaced. */
  readonly example: Example;
}
export type Example = Scalar | readonly Scalar[] | { readonly [key: string]: Example };

export function found<Value>(value: Value, from: string): Found<Value> {
  return { status: 'found', value, from };
}

export function proposed<Value>(value: Value, why: string): Proposed<Value> {
  return { status: 'proposed', value, why };
}

export function missing(reason: string, fill: string, example: Example = '<fill in>'): Missing {
  return { status: 'missing', reason, fill, example };
}

/** What follows from a value; a value that is missing is passed on, with what stands in its place. */
export function derive<Value, Result>(
  finding: Finding<Value>,
  map: (value: Value) => Result,
  example?: Example
): Finding<Result> {
  if (finding.status === 'missing') {
    return example === undefined ? finding : { ...finding, example };
  }
  return { ...finding, value: map(finding.value) };
}
