import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findBrowser, launchBrowser } from './browser';

/** `tsx tests/report/screenshot.ts <report.html> <out.png>`: the head of a report as the README shows it, in light. */
async function main(): Promise<void> {
  const [html, image] = process.argv.slice(2);
  const executable = findBrowser();
  if (html === undefined || image === undefined || executable === null) {
    throw new Error(
      executable === null
        ? 'no browser: install chromium, or set CHROMIUM_PATH'
        : 'usage: tsx tests/report/screenshot.ts <report.html> <out.png>'
    );
  }
  const browser = await launchBrowser(executable);
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 1125 }, javaScriptEnabled: false });
    await page.goto(pathToFileURL(path.resolve(html)).href);
    await page.screenshot({ path: image });
  } finally {
    await browser.close();
  }
}

void main();
