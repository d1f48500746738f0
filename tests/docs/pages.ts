import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.resolve(__dirname, '../..');

/** Every page that is written for readers, by its path from the root of the project. */
export function pages(): string[] {
  const inDocs = readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    ...inDocs.filter((file) => file.endsWith('.md')).map((file) => path.join('docs', file)),
  ];
}

export function pageText(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** Whether a page shows the text as code: in back quotes, by itself or as the beginning of what they hold. */
export function showsAsCode(text: string, code: string): boolean {
  const escaped = code.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`\`${escaped}(?=[\` ])`).test(text);
}

/** Sources of a folder of the project, one string. */
export function sources(folder: string): string {
  const files = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(path.join(ROOT, folder, file), 'utf8'))
    .join('\n');
}
