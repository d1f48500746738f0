import { aftermathSection } from './page/aftermath';
import { checksSection, notCheckedSection } from './page/checks';
import { Markup, markup } from './page/markup';
import { objectivesSection } from './page/objectives';
import { quarantineSection } from './page/quarantine';
import { recordSection } from './page/record';
import { stepsSection } from './page/steps';
import { STYLE } from './page/style';
import { timelineSection } from './page/timeline';
import { verdictSection } from './page/verdict';
import type { RecoveryReport } from './schema';
import { instantText, verdictText } from './wording';

/**
 * The report as one page that needs nothing else: no script, no font, no request. Readable on a phone, on A4 and in the
 * dark. Its policy forbids the browser to load anything, should a text of the report ever look like markup.
 */
export function renderReport(report: RecoveryReport): string {
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${verdictText(report)} – ${report.environment}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<div class="page">
<div class="masthead"><span>medplum-dr</span><span>${report.mode === 'drill' ? 'Drill report' : 'Recovery report'}</span></div>
<main>
${verdictSection(report)}
${timelineSection(report)}
${objectivesSection(report)}
${stepsSection(report)}
${checksSection(report)}
${notCheckedSection(report)}
${quarantineSection(report)}
${aftermathSection(report)}
${recordSection(report)}
</main>
<footer class="quiet">Written by medplum-dr ${report.versions.tool} at ${instantText(report.endedAt)}. Times are UTC. This page holds counts and ids, no client data. The same facts for machines: report.json.</footer>
</div>
</body>
</html>
`;
  return page.text;
}
