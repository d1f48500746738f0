import type { RecoveryReport } from '../schema';
import { goingBackText, instantText, protectionText } from '../wording';
import { bullets, type Markup, markup } from './markup';

const FENCE_WORDS: Record<RecoveryReport['fence']['state'], string> = {
  fenced: 'Fenced: it takes no more writes',
  unreachable: 'Could not be reached, so it could not be fenced',
  'still-writable': 'Still takes writes',
  'not-attempted': 'Fencing was not attempted',
};

/** What the run leaves for people to know or to do: clients, the old site, traffic, risks, warnings, left-overs. */
export function aftermathSection(report: RecoveryReport): Markup {
  const { fence, traffic } = report;
  return markup`<section aria-labelledby="clients">
<h2 id="clients">What clients will see</h2>
${bullets(report.whatClientsSee, 'Nothing was recorded.')}
</section>
<section aria-labelledby="aftermath">
<h2 id="aftermath">How things stand now</h2>
<dl class="facts">
<dt>Old site</dt><dd>${FENCE_WORDS[fence.state]}. ${fence.detail}</dd>
<dt>Traffic</dt><dd>Before: ${traffic.before ?? 'not known'}. After: ${traffic.after ?? 'not known'}${traffic.observedAt === null ? ', not observed' : `, observed at ${instantText(traffic.observedAt)}`}.</dd>
<dt>Protection</dt><dd>${protectionMarkup(report)}</dd>
<dt>Going back</dt><dd>${goingBackText(report)}</dd>
</dl>
<h3>Warnings</h3>
${bullets(report.warnings, 'None.')}
<h3>Risks the operator accepted</h3>
${bullets(report.overrides, 'None.')}
<h3>Left behind</h3>
${bullets(report.leftBehind, 'Nothing.')}
</section>`;
}

function protectionMarkup(report: RecoveryReport): Markup {
  const text = protectionText(report);
  return report.unprotectedSince === null ? markup`${text}` : markup`<strong>${text}</strong>`;
}
