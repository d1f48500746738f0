import { expect } from 'chai';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pages, pageText, ROOT } from './pages';

interface Link {
  readonly file: string;
  readonly anchor: string | undefined;
}

/** Links of a page to files and headings of this project. */
function localLinks(page: string): Link[] {
  const targets = [...withoutCode(pageText(page)).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor] = target.split('#');
      return { file: file === '' ? page : path.join(path.dirname(page), file), anchor };
    });
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}

/** Anchors of a page's headings as GitHub makes them. */
function anchors(page: string): string[] {
  const headings = [...withoutCode(pageText(page)).matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replace(/ /g, '-')
  );
}

describe('links of the documentation', () => {
  it('are found: the README links the pages of docs', () => {
    expect(localLinks('README.md').map((link) => link.file)).to.include('docs/reference/config.md');
  });

  for (const page of pages()) {
    it(`lead somewhere in ${page}`, () => {
      const broken = localLinks(page).filter(
        ({ file, anchor }) =>
          !existsSync(path.join(ROOT, file)) || (anchor !== undefined && !anchors(file).includes(anchor))
      );

      expect(broken).to.deep.equal([]);
    });
  }

  it('reach every page from the README', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      for (const { file } of localLinks(page)) {
        if (file.endsWith('.md')) {
          reached.add(file);
        }
      }
    }

    expect(pages().filter((page) => !reached.has(page) && page !== 'docs/README.md')).to.deep.equal([]);
  });
});
