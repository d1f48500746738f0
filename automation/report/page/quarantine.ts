import type { RecoveryReport } from '../schema';
import { type Markup, markup } from './markup';

/** What the copy of a drill tried to reach outside itself and was kept from. Nothing for a run that made no such copy. */
export function quarantineSection({ quarantine }: RecoveryReport): Markup | null {
  if (quarantine === null) {
    return null;
  }
  const { blocked } = quarantine;
  return markup`<section aria-labelledby="quarantine">
<h2 id="quarantine">What the copy was kept from</h2>
<p>The copy ran in quarantine: no mail, bots, schedules or deliveries, and no connection to anything but itself.</p>
${
  blocked === null
    ? markup`<p class="notice">What it tried to reach was <strong>not counted</strong>.</p>`
    : blocked.length === 0
      ? markup`<p>It tried to reach nothing outside itself.</p>`
      : markup`<table>
<thead><tr><th scope="col">Target</th><th scope="col">Attempts blocked</th></tr></thead>
<tbody>${blocked.map(
          ({ target, attempts }) =>
            markup`<tr><th scope="row">${target}</th><td>${attempts.toLocaleString('en-US')}</td></tr>`
        )}</tbody></table>`
}
</section>`;
}
