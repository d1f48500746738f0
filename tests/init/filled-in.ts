/**
 * A config after an operator filled in what was not found: the lines below each `# not found` lose their `# `, and every
 * `<…>` in them is replaced by the value of its key.
 */
export function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  let isMissing = false;
  return text
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', said] = /^(\s*)# (.*)$/.exec(line) ?? [];
      if (said === undefined || /^(from|proposed:) /.test(said)) {
        isMissing = false;
        return [line];
      }
      if (said.trim().startsWith('not found:')) {
        isMissing = true;
        return [];
      }
      return [
        isMissing ? indent + said.replace(/(\w+): .*<.*$/, (_, key: string) => `${key}: ${values[key] ?? '<'}`) : line,
      ];
    })
    .join('\n');
}
