import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { recoveryReportSchema } from './schema';

/** `report.json` as a JSON Schema (draft 2020-12), for readers that are not TypeScript. */
export function reportJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(recoveryReportSchema);
  return { $schema, title: 'medplum-dr recovery report', ...schema };
}

// Run by itself (`tsx automation/report/json-schema.ts <file>`) it writes the reference page's copy.
if (require.main === module) {
  const file = process.argv[2] ?? 'docs/reference/report.schema.json';
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(reportJsonSchema(), null, 2)}\n`);
}
