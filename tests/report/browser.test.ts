import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { RecoveryReport } from '../../automation/report/schema';
import { verdictText } from '../../automation/report/wording';
import { writeReport } from '../../automation/report/write';
import { findBrowser, launchBrowser } from './browser';
import { bareReport, exampleReport, failedReport, instantAfter } from './example';

const PHONE: BrowserContextOptions = { viewport: { width: 360, height: 740 }, isMobile: true };
const WIDE: BrowserContextOptions = { viewport: { width: 1280, height: 900 } };

const VIEWS: { name: string; options: BrowserContextOptions; media?: 'print' }[] = [
  { name: 'a phone', options: { ...PHONE, colorScheme: 'light' } },
  { name: 'a phone in the dark', options: { ...PHONE, colorScheme: 'dark' } },
  { name: 'a wide screen', options: { ...WIDE, colorScheme: 'light' } },
  { name: 'a wide screen in the dark', options: { ...WIDE, colorScheme: 'dark' } },
  { name: 'A4 print', options: { viewport: { width: 680, height: 1000 }, colorScheme: 'dark' }, media: 'print' },
];

const REPORTS: { name: string; report: RecoveryReport }[] = [
  { name: 'a recovered run', report: exampleReport() },
  { name: 'a failed run', report: failedReport() },
  { name: 'a bare run', report: bareReport() },
  { name: 'a run with long words', report: longWords() },
];

/** In the page: each element with text of its own whose contrast with the ground behind it is below AA, and the count. */
const CONTRAST = `(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = [...document.body.querySelectorAll('*')].filter((element) =>
    !['title', 'desc'].includes(element.localName) &&
    [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ''));
  const low = texts.flatMap((element) => {
    const style = getComputedStyle(element);
    const [a, b] = [luminance(element.localName === 'text' ? style.fill : style.color), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    return ratio < 4.5 ? [element.textContent.slice(0, 40) + ': ' + ratio.toFixed(2)] : [];
  });
  return { count: texts.length, low, ground: luminance(ground(document.querySelector('h1'))) };
})()`;

const OVERFLOW = `(() => {
  const root = document.scrollingElement;
  const beyond = [...document.body.querySelectorAll('*')].filter((e) => !e.children.length && e.getBoundingClientRect().right > root.clientWidth + 1);
  return { scroll: root.scrollWidth, client: root.clientWidth, beyond: beyond.map((e) => e.localName + ' ' + e.textContent.slice(0, 30)) };
})()`;

describe('report page in a browser', function () {
  let browser: Browser | undefined;
  let folder: string;

  before(async function () {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-page-'));
    const executable = findBrowser();
    if (executable === null) {
      const reason = 'no browser found: install chromium, or set CHROMIUM_PATH';
      if (process.env['CI'] !== undefined) {
        throw new Error(reason);
      }
      console.log(`      not checked: ${reason}`);
      this.skip();
    }
    browser = await launchBrowser(executable);
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  for (const { name, report } of REPORTS) {
    for (const { name: view, options, media } of VIEWS) {
      it(`shows ${name} on ${view}`, async () => {
        const { html } = await writeReport(folder, report);
        const { page, complaints, requests } = await open(html, options, media);
        try {
          expect(await page.getByRole('heading', { level: 1 }).innerText()).to.equal(verdictText(report));
          expect(await page.getByRole('heading', { level: 1 }).isVisible()).to.equal(true);
          await expectRoom(page);
          await expectContrast(page, options.colorScheme === 'dark' && media !== 'print');
          const picture = await page.locator('svg').first().boundingBox();
          expect(picture?.width).to.be.greaterThan(250);
          expect(picture?.height).to.be.greaterThan(20);
          expect(requests).to.deep.equal([pathToFileURL(html).href]);
          expect(complaints).to.deep.equal([]);
        } finally {
          await page.context().close();
        }
      });
    }
  }

  it('names its parts to a screen reader', async () => {
    const { html } = await writeReport(folder, exampleReport());
    const { page } = await open(html, WIDE);
    try {
      expect(await page.getByRole('main').count()).to.equal(1);
      expect(await page.getByRole('img', { name: 'The steps of the run against their budgets' }).count()).to.equal(1);
      expect(await page.getByRole('region', { name: 'What was not checked' }).count()).to.equal(1);
      expect(await page.getByRole('rowheader', { name: 'Recovery time (RTO)' }).count()).to.equal(1);
    } finally {
      await page.context().close();
    }
  });

  async function open(
    file: string,
    options: BrowserContextOptions,
    media?: 'print'
  ): Promise<{ page: Page; complaints: string[]; requests: string[] }> {
    const context = await browser!.newContext(options);
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    if (media !== undefined) {
      await page.emulateMedia({ media });
    }
    await page.goto(pathToFileURL(file).href);
    return { page, complaints, requests };
  }
});

async function expectRoom(page: Page): Promise<void> {
  const room = await page.evaluate<{ scroll: number; client: number; beyond: string[] }>(OVERFLOW);
  expect(room.beyond).to.deep.equal([]);
  expect(room.scroll).to.be.at.most(room.client);
}

async function expectContrast(page: Page, dark: boolean): Promise<void> {
  const contrast = await page.evaluate<{ count: number; low: string[]; ground: number }>(CONTRAST);
  expect(contrast.count).to.be.greaterThan(30);
  expect(contrast.low).to.deep.equal([]);
  expect(contrast.ground < 0.2, 'the ground is dark').to.equal(dark);
}

/** Names without a place to break, a long run, and an outage days before it. */
function longWords(): RecoveryReport {
  const word = 'unbreakable'.repeat(12);
  const example = exampleReport();
  return exampleReport({
    environment: word,
    endedAt: instantAfter(20_000),
    moments: { ...example.moments, outageAt: instantAfter(-400_000) },
    warnings: [word],
    sites: { from: word, to: word },
    steps: example.steps.map((step) => ({ ...step, title: word, waitedFor: word, budgetSeconds: 86_399 })),
    resources: example.resources.map((resource) => ({ ...resource, name: word })),
    checks: example.checks.map((check) => ({ ...check, title: word, evidence: word })),
  });
}
