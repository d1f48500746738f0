import { expect } from 'chai';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { main } from '../../automation/cli';
import { reportFailure } from '../../automation/commands/failure';
import { toolVersion } from '../../automation/version';
import { OperatorError } from '../../components/errors';
import { captured, type Captured } from './captured';

const COMMANDS = ['plan', 'recover', 'drill', 'status', 'recovery-points'] as const;

function cli(...args: string[]): Promise<Captured<number>> {
  return captured(() => main(args));
}

/** The one JSON document on standard output; anything else there is a failure. */
function documentOf({ stdout }: Captured<number>): unknown {
  return JSON.parse(stdout);
}

describe('medplum-dr', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'medplum-dr-cli-'));
    await mkdir(path.join(folder, 'stacks'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('tells its version and its commands', async () => {
    expect(await cli('--version')).to.include({ value: 0, stdout: `${toolVersion()}\n` });
    const { value, stdout } = await cli('--help');
    expect(value).to.equal(0);
    for (const command of COMMANDS) {
      expect(stdout).to.match(new RegExp(`^ {2}${command}\\b`, 'm'));
    }
  });

  for (const command of COMMANDS) {
    it(`${command} --help tells its options`, async () => {
      const { value, stdout, stderr } = await cli(command, '--help');

      expect(value).to.equal(0);
      expect(stderr).to.equal('');
      expect(stdout).to.include(`medplum-dr ${command}`).and.include('--json').and.include('--project <folder>');
    });
  }

  for (const [what, args, complaint] of [
    ['an unknown option', ['recover', 'clinic', '--recovery-pont', 'latest'], '--recovery-pont'],
    ['an unknown command', ['recver', 'clinic'], 'recver'],
    ['no environment', ['recover'], 'environment'],
    ['one argument too many', ['status', 'clinic', 'surgery'], 'too many arguments'],
    ['a moment that is none', ['recover', 'clinic', '--lost-at', 'yesterday'], '--lost-at'],
    ['a moment without a time zone', ['recover', 'clinic', '--lost-at', '2026-11-24T03:15:00'], 'time zone'],
    ['a number that is none', ['drill', '--resources', 'many'], 'whole number'],
    ['an unknown scenario', ['drill', '--scenario', 'flood'], 'site-loss, bad-write, corrupt-backup'],
  ] as const) {
    it(`takes ${what} for bad input, in words and as JSON`, async () => {
      const words = await cli(...args);
      const json = await cli(...args, '--json');

      expect(words).to.include({ value: 2, stdout: '' });
      expect(words.stderr).to.include(complaint);
      expect(json.value).to.equal(2);
      expect(documentOf(json)).to.have.nested.property('error.kind', 'bad-input');
      expect(documentOf(json)).to.have.nested.property('error.message').that.includes(complaint);
    });
  }

  for (const command of COMMANDS.filter((name) => name !== 'drill')) {
    it(`${command} of an unknown environment ends with 2, in words and as JSON, and makes nothing`, async () => {
      const words = await cli(command, 'clinic', '--project', folder);
      const json = await cli(command, 'clinic', '--project', folder, '--json');

      expect(words).to.include({ value: 2, stdout: '' });
      expect(words.stderr).to.include('Pulumi.yaml');
      expect(json.value).to.equal(2);
      expect(documentOf(json)).to.have.nested.property('error.hint').that.includes('--project');
      expect(await readdir(folder, { recursive: true })).to.deep.equal(['stacks']);
    });
  }

  describe('failures', () => {
    it('are told with every problem and the remedy on standard error, and no stack', async () => {
      const error = new OperatorError('locked', 'It is locked.', { hint: 'Wait.', problems: ['one', 'two'] });

      const words = await captured(() => Promise.resolve(reportFailure(error, false)));
      const json = await captured(() => Promise.resolve(reportFailure(error, true)));

      expect(words).to.deep.equal({ value: 7, stdout: '', stderr: 'It is locked.\n  - one\n  - two\nWait.\n' });
      expect(documentOf(json)).to.deep.equal({
        error: { kind: 'locked', message: 'It is locked.', problems: ['one', 'two'], hint: 'Wait.' },
      });
    });

    it('of the program itself end with 1 and a stack, and are one JSON document too', async () => {
      const json = await captured(() => Promise.resolve(reportFailure(new TypeError('x is not a function'), true)));

      expect(json.value).to.equal(1);
      expect(documentOf(json)).to.deep.equal({ error: { kind: 'fault', message: 'x is not a function' } });
      expect(json.stderr).to.include('at ').and.include('fault of medplum-dr itself');
    });
  });
});
