import { Document, Pair, Scalar, stringify, YAMLMap, YAMLSeq } from 'yaml';
import { CONFIG_NAMESPACE } from '../../components/program';
import type { Example, Finding, Found, Missing, Proposed } from './finding';
import type { Keyed } from './new-config';

/** A part of a config: values that were looked for, by their keys. */
export interface Section {
  readonly [key: string]: Finding | Section;
}

/**
 * The text of a stack's config file: each value with its origin as a comment, what is missing as commented lines, which
 * are sound YAML once the `# ` before them is taken away.
 *
 * @param head lines of the comment on top.
 */
export function documentOf(config: Section, head: readonly string[]): string {
  const document = new Document(new YAMLMap());
  document.commentBefore = comment(head);
  const top = new YAMLMap();
  fill(top, config, `${CONFIG_NAMESPACE}:`);
  document.set('config', top);
  // New strings are quoted, as the engine's YAML reader would take some bare words for something else.
  return document.toString({ lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
}

/** The values of a config by the keys that an operator writes. */
export function keyed(config: Section): {
  found: readonly Keyed<Found<unknown>>[];
  proposed: readonly Keyed<Proposed<unknown>>[];
  missing: readonly Keyed<Missing>[];
} {
  const all = leaves(config, '');
  return {
    found: all.flatMap((each) => (each.status === 'found' ? [each] : [])),
    proposed: all.flatMap((each) => (each.status === 'proposed' ? [each] : [])),
    missing: all.flatMap((each) => (each.status === 'missing' ? [each] : [])),
  };
}

function leaves(config: Section, prefix: string): Keyed<Finding>[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const key = prefix === '' ? name : `${prefix}.${name}`;
    return isFinding(value) ? [{ ...value, key }] : leaves(value, key);
  });
}

function fill(map: YAMLMap, section: Section, prefix = ''): void {
  let waiting: string[] = [];
  for (const [name, value] of Object.entries(section)) {
    const lines = missingLines(`${prefix}${name}`, value);
    if (lines !== null) {
      waiting.push(...lines);
      continue;
    }
    const key = new Scalar(`${prefix}${name}`);
    const node = isFinding(value) ? valueNode(value, key) : new YAMLMap();
    if (waiting.length > 0) {
      key.commentBefore = [comment(waiting), ...(key.commentBefore == null ? [] : [key.commentBefore])].join('\n');
      waiting = [];
    }
    if (node instanceof YAMLMap && !isFinding(value)) {
      fill(node, value);
    }
    map.items.push(new Pair(key, node));
  }
  if (waiting.length > 0) {
    map.comment = comment(waiting);
  }
}

/** A list carries no comment behind it, so its key has it before. */
function valueNode(finding: Finding, key: Scalar<string>): Scalar | YAMLSeq {
  const said =
    finding.status === 'found'
      ? `from ${finding.from}`
      : finding.status === 'proposed'
        ? `proposed: ${finding.why}`
        : '';
  const value = finding.status === 'missing' ? null : finding.value;
  if (Array.isArray(value)) {
    const list = new YAMLSeq();
    list.flow = true;
    list.items = value.map((each) => new Scalar(each));
    key.commentBefore = comment([said]);
    return list;
  }
  const scalar = new Scalar(value);
  scalar.comment = comment([said]);
  return scalar;
}

/** @returns null for what is not missing, or not missing as a whole. */
function missingLines(key: string, value: Finding | Section): string[] | null {
  if (isFinding(value)) {
    return value.status === 'missing'
      ? [`not found: ${value.reason}. ${value.fill}`, ...exampleLines(key, value.example)]
      : null;
  }
  const inner = Object.entries(value).map(([name, each]) => missingLines(name, each));
  return inner.length > 0 && inner.every((lines) => lines !== null)
    ? [`${key}:`, ...inner.flat().map((line) => `  ${line}`)]
    : null;
}

function exampleLines(key: string, example: Example): string[] {
  return stringify({ [key]: example }, { lineWidth: 0 })
    .trimEnd()
    .split('\n');
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : ` ${line}`)).join('\n');
}

function isFinding(value: Finding | Section): value is Finding {
  return typeof value['status'] === 'string';
}
