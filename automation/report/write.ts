import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { renderReport } from './html';
import { type RecoveryReport, recoveryReportSchema } from './schema';

interface ReportFiles {
  readonly json: string;
  readonly html: string;
}

/**
 * Writes `report.json` and `report.html` into the folder, which is made when it is not there. Each file is there whole or
 * not at all, and a report that is written again replaces the one before.
 * @throws ZodError when the report is not one; nothing is written then.
 */
export async function writeReport(directory: string, report: RecoveryReport): Promise<ReportFiles> {
  const valid = recoveryReportSchema.parse(report);
  const files = { json: path.join(directory, 'report.json'), html: path.join(directory, 'report.html') };
  await mkdir(directory, { recursive: true });
  await writeWhole(files.json, `${JSON.stringify(valid, null, 2)}\n`);
  await writeWhole(files.html, renderReport(valid));
  return files;
}

async function writeWhole(file: string, text: string): Promise<void> {
  // The process id keeps two writers from sharing a half-written file.
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text, { flush: true });
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
