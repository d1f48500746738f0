import type { RecoveryReport } from '../schema';
import { instantText, sizeText } from '../wording';
import { bullets, type Markup, markup } from './markup';

/** The recovery point with those passed over, and who ran what, when, with which versions. */
export function recordSection(report: RecoveryReport): Markup {
  const { versions } = report;
  return markup`<section aria-labelledby="point">
<h2 id="point">Recovery point</h2>
${pointMarkup(report.recoveryPoint)}
</section>
<section aria-labelledby="record">
<h2 id="record">Record of the run</h2>
<dl class="facts">
<dt>Run</dt><dd>${report.id}</dd>
<dt>Began</dt><dd>${instantText(report.startedAt)}</dd>
<dt>Ended</dt><dd>${instantText(report.endedAt)}</dd>
<dt>Operator</dt><dd>${report.operator}</dd>
<dt>Host</dt><dd>${report.host}</dd>
<dt>medplum-dr</dt><dd>${versions.tool}</dd>
<dt>Pulumi engine</dt><dd>${versions.engine ?? 'not known'}</dd>
<dt>Node.js</dt><dd>${versions.node}</dd>
<dt>Application</dt><dd>${versions.medplum ?? 'version not known'}${report.isStandIn ? ' (stand-in, not Medplum)' : ''}</dd>
<dt>PostgreSQL</dt><dd>${versions.postgresql ?? 'not known'}</dd>
</dl>
${report.notes.length === 0 ? null : markup`<h3>Notes</h3>${bullets(report.notes, '')}`}
</section>`;
}

function pointMarkup(point: RecoveryReport['recoveryPoint']): Markup {
  if (point === null) {
    return markup`<p class="notice">The run ended before a recovery point was chosen.</p>`;
  }
  return markup`<dl class="facts">
<dt>Id</dt><dd>${point.id}</dd>
<dt>Time</dt><dd>${instantText(point.time)}</dd>
<dt>Kind</dt><dd>${point.kind.replace('-', ' ')}</dd>
<dt>Base backup</dt><dd>${point.baseBackupId ?? 'none'}</dd>
<dt>Place</dt><dd>${point.place}</dd>
<dt>Size</dt><dd>${sizeText(point.sizeBytes)}</dd>
</dl>
<h3>Recovery points passed over</h3>
${bullets(
  point.skipped.map(({ id, reasons }) => `${id}: ${reasons.join('; ')}`),
  'None.'
)}`;
}
