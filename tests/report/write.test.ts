import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { recoveryReportSchema } from '../../automation/report/schema';
import { writeReport } from '../../automation/report/write';
import { exampleReport, failedReport } from './example';

describe('writing a report', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'medplum-dr-report-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes the folder and leaves the two files and nothing else', async () => {
    const directory = path.join(folder, 'reports', 'drill-1');
    const files = await writeReport(directory, exampleReport());
    expect(files).to.deep.equal({
      json: path.join(directory, 'report.json'),
      html: path.join(directory, 'report.html'),
    });
    expect(await readdir(directory)).to.have.members(['report.json', 'report.html']);
    const read: unknown = JSON.parse(await readFile(files.json, 'utf8'));
    expect(recoveryReportSchema.parse(read)).to.deep.equal(exampleReport());
  });

  it('replaces an earlier report', async () => {
    await writeReport(folder, exampleReport());
    const { html } = await writeReport(folder, failedReport());
    expect(await readFile(html, 'utf8')).to.include('Not recovered');
  });

  it('writes nothing of a report that is not one', async () => {
    const wrong = { ...exampleReport(), achieved: { ...exampleReport().achieved, rtoSeconds: -1 } };
    expect(await failureOf(writeReport(path.join(folder, 'new'), wrong))).to.match(/rtoSeconds/);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('leaves no half-written file where it cannot write', async () => {
    await mkdir(path.join(folder, 'report.json'));
    expect(await failureOf(writeReport(folder, exampleReport()))).to.match(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readdir(folder)).to.deep.equal(['report.json']);
  });
});

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return String(error);
  }
  throw new Error('it should have failed');
}
