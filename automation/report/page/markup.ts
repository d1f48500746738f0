/** Text that is HTML already. Everything else that meets a template is escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type MarkupValue = Markup | string | number | readonly Markup[] | null;

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * HTML by template: strings and numbers are escaped, markup and lists of it stand as they are, null is nothing. Attribute
 * values must be quoted in the template.
 */
export function markup(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  const parts = strings.map((text, index) => text + render(values[index] ?? null));
  return new Markup(parts.join(''));
}

/** A bulleted list, or one sentence when there is nothing to list. */
export function bullets(items: readonly string[], none: string): Markup {
  return items.length === 0
    ? markup`<p class="quiet">${none}</p>`
    : markup`<ul>${items.map((item) => markup`<li>${item}</li>`)}</ul>`;
}

function render(value: MarkupValue): string {
  if (value === null) {
    return '';
  }
  if (value instanceof Markup) {
    return value.text;
  }
  if (typeof value === 'string' || typeof value === 'number') {
    return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '');
  }
  return value.map((item) => item.text).join('');
}
