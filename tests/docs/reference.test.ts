import { expect } from 'chai';
import { Command } from 'commander';
import { z } from 'zod';
import { addCommands } from '../../automation/commands';
import { EXIT_CODES } from '../../automation/exit-codes';
import { STEPS_OF } from '../../automation/recovery/results';
import { SCENARIOS } from '../../automation/rehearsal/scenarios/scenario';
import { recoveryReportSchema } from '../../automation/report/schema';
import { localSchema } from '../../components/local/config';
import { pageText, showsAsCode, sources } from './pages';

/** Those of the words that the page does not show as code. */
function missing(page: string, words: readonly string[]): string[] {
  const text = pageText(page);
  return words.filter((word) => !showsAsCode(text, word));
}

const jsonSchema = z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() });

/** Dotted names of all keys of a JSON schema, those of nested objects after their own. */
function keysOf(schema: unknown, prefix = ''): string[] {
  const { properties = {} } = jsonSchema.parse(schema);
  return Object.entries(properties).flatMap(([key, value]) => [
    `${prefix}${key}`,
    ...keysOf(value, `${prefix}${key}.`),
  ]);
}

/** Everything that the pattern's first group finds in the sources, each once. */
function found(text: string, pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))];
}

describe('reference', () => {
  it('explains every config key', () => {
    const keys = keysOf(z.toJSONSchema(localSchema, { io: 'input' }));
    // The recovery site has the keys of the site, and the page says so.
    const own = keys.filter((key) => !key.startsWith('recoverySite.'));

    expect(own).to.include.members(['objectives.rto', 'site.ports.database', 'traffic.dns.port', 'backup.keep']);
    expect(missing('docs/reference/config.md', own)).to.deep.equal([]);
  });

  it('explains every check that a run makes', () => {
    const ids = found(sources('automation'), /\{ id: '([a-z-]+)', title: ['`]/g);

    expect(ids).to.include.members(['signing-keys', 'health-endpoint', 'endpoint-by-name', 'site-removed']);
    expect(missing('docs/reference/checks.md', ids)).to.deep.equal([]);
    const explained = found(pageText('docs/reference/checks.md'), /^### `([a-z-]+)`$/gm);
    expect(
      explained.filter((id) => !ids.includes(id)),
      'explained, and no longer made'
    ).to.deep.equal([]);
  });

  it('explains everything that preflight looks at', () => {
    const local = sources('components/local/operations');
    const driver = ['recovery', 'stacks', 'steps'].map((folder) => sources(`automation/${folder}`)).join('\n');
    const ids = [
      ...found(local, /looked\('([a-z-]+)'/g),
      ...found(local, /key: '([a-z]+)' \}/g).map((key) => `port-${key}`),
      ...found(driver, /const id = '([a-z-]+)';/g),
    ];

    expect(ids).to.include.members(['disk-space', 'port-traffic', 'state-backend', 'name-server']);
    expect(missing('docs/reference/checks.md', ids)).to.deep.equal([]);
    const [, table = ''] = pageText('docs/reference/checks.md').split('\n## Preflight\n');
    const explained = found(table, /^\| ((?:`[a-z-]+`(?:, )?)+) \|/gm).flatMap((cell) => found(cell, /`([a-z-]+)`/g));
    expect(
      explained.filter((id) => !ids.includes(id)),
      'explained, and no longer looked at'
    ).to.deep.equal([]);
  });

  it('explains every command and option', () => {
    const program = new Command();
    addCommands(program, () => undefined);
    const names = program.commands.map((command) => command.name());
    const options = program.commands.flatMap((command) => command.options.map((option) => option.long ?? option.flags));

    expect(options).to.include.members(['--recovery-point', '--accept-check', '--json']);
    expect(missing('docs/reference/commands.md', [...new Set([...names, ...options])])).to.deep.equal([]);
  });

  it('explains every scenario', () => {
    expect(missing('docs/reference/commands.md', SCENARIOS)).to.deep.equal([]);
  });

  for (const page of ['docs/reference/commands.md', 'docs/how-to/when-it-fails.md']) {
    it(`explains every exit code in ${page}`, () => {
      const text = pageText(page);
      const rows = Object.entries(EXIT_CODES).map(([kind, code]) => `| ${code} | \`${kind}\` |`);

      expect(rows.filter((row) => !text.includes(row))).to.deep.equal([]);
      expect(text)
        .to.match(/^\| 0 \|/m)
        .and.to.match(/^\| 1 \|/m);
    });
  }

  it('explains every step', () => {
    const text = pageText('docs/reference/recovery-steps.md');

    const ids = new Set(Object.values(STEPS_OF).flat());

    expect([...ids].filter((id) => !text.includes(`\n## \`${id}\`\n`))).to.deep.equal([]);
  });

  it('explains every kind of event', () => {
    const kinds = found(eventTypes(sources('automation')), /'([a-z-]+)'/g);

    expect(kinds).to.include.members(['run-started', 'note', 'run-finished']);
    expect(missing('docs/reference/events.md', kinds)).to.deep.equal([]);
  });

  it('explains every field of a report', () => {
    const fields = Object.keys(recoveryReportSchema.shape);

    expect(fields).to.include.members(['achieved', 'overrides']);
    expect(missing('docs/reference/report.md', fields)).to.deep.equal([]);
  });
});

/** The `kind` lines of the event type, as they are written. */
function eventTypes(text: string): string {
  const type = /export type RecoveryEvent =[\s\S]*?;\n\ntype /.exec(text)?.[0] ?? '';
  return found(type, /readonly kind: ([^;]+);/g).join('\n');
}
