import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, constants } from 'node:zlib';

/** A secret by a name that may be shown. */
export interface Secret {
  readonly name: string;
  readonly value: string;
}

/** Base64 as it stands in longer text: of the three ways that a value can begin within the groups of three bytes. */
function base64Forms(value: string): string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    const [from, to] = [Math.ceil((before * 4) / 3), Math.floor((bytes.length * 8) / 6)];
    return bytes.toString('base64').slice(from, to);
  });
}

/** As a string within JSON; the engine's language escapes what HTML would take for markup as well. */
function jsonForms(value: string): string[] {
  const escaped = JSON.stringify(value).slice(1, -1);
  const html = escaped.replace(/[&<>]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`);
  return [escaped, html];
}

/** A value in every form in which it is as good as in clear. */
export function formsOf(value: string): string[] {
  const encoded = base64Forms(value);
  const json = jsonForms(value);
  return [
    ...new Set([
      value,
      ...json,
      // JSON within JSON, as in a process's variables in the engine's state.
      ...json.flatMap(jsonForms),
      ...encoded,
      ...encoded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
      Buffer.from(value).toString('hex'),
      encodeURIComponent(value),
      new URLSearchParams({ '': value }).toString().slice(1),
    ]),
  ];
}

/** An access token: three parts in base64, of which the first two are JSON objects. */
const TOKEN = /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/;

/** Looks for secrets, and for any access token at all, in text and in what is packed within it. */
export class SecretSearch {
  readonly #forms: readonly { readonly name: string; readonly form: string }[];

  readonly #secrets: readonly Secret[];

  constructor(secrets: readonly Secret[]) {
    this.#secrets = secrets;
    this.#forms = secrets.flatMap(({ name, value }) => formsOf(value).map((form) => ({ name, form })));
  }

  /** Names of the secrets in it. */
  in(content: Buffer | string): string[] {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    const found = this.#forms.filter(({ form }) => bytes.includes(form)).map(({ name }) => name);
    const text = bytes.toString('latin1');
    if (TOKEN.test(text)) {
      found.push('an access token');
    }
    for (const packed of packedIn(bytes, text)) {
      found.push(...this.in(packed));
    }
    return [...new Set(found)].sort();
  }

  /** Names of the secrets that stand in it as they are: for large files that nobody encodes anything in. */
  plainlyIn(content: Buffer): string[] {
    return this.#secrets.filter(({ value }) => content.includes(value)).map(({ name }) => name);
  }
}

/** Files below a folder by their path in it, of those that are wanted; processes may be at work there. */
export async function filesBelow(folder: string, wanted: (file: string) => boolean): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .filter(wanted);
}

/** Every finding in files of a folder, as `file: names`. */
export async function findingsIn(
  folder: string,
  files: readonly string[],
  look: (content: Buffer, file: string) => readonly string[]
): Promise<string[]> {
  const found: string[] = [];
  for (const file of files) {
    // It may be gone by now.
    const names = look(await readFile(path.join(folder, file)).catch(() => Buffer.alloc(0)), file);
    if (names.length > 0) {
      found.push(`${file}: ${names.join(', ')}`);
    }
  }
  return found;
}

/** What is packed with gzip: the whole, or a part that is in base64. */
function packedIn(bytes: Buffer, text: string): Buffer[] {
  const whole = bytes.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b])) ? [bytes] : [];
  const parts = [...text.matchAll(/H4sI[\w+/-]{16,}={0,2}/g)].map(([part]) => Buffer.from(part, 'base64'));
  return [...whole, ...parts].flatMap((packed) => {
    try {
      return [gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH })];
    } catch {
      // It only looked like it.
      return [];
    }
  });
}
