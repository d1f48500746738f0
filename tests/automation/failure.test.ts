import { expect } from 'chai';
import { ConcurrentUpdateError, StackNotFoundError } from '@pulumi/pulumi/automation';
import { EXIT_CODES } from '../../automation/exit-codes';
import { describeEngineFailure } from '../../automation/stacks/failure';
import { main } from '../../automation/cli';
import { captured } from './captured';

/** An error of the engine's client as it makes it; its constructors are not in its typings. */
function engineError(kind: typeof ConcurrentUpdateError | typeof StackNotFoundError): Error {
  const Made = kind as unknown as new (result: { toString: () => string }) => Error;
  return new Made({ toString: () => 'the whole output of the command' });
}

describe('describeEngineFailure', () => {
  it('names the lock, and how to take it off', () => {
    const error = describeEngineFailure(engineError(ConcurrentUpdateError), 'clinic', []);

    expect(error).to.include({ kind: 'locked' });
    expect(error.message).to.include('clinic');
    expect(error.hint).to.include('pulumi cancel --stack clinic');
  });

  it('names the stack that is not there', () => {
    const error = describeEngineFailure(engineError(StackNotFoundError), 'clinic', []);

    expect(error).to.include({ kind: 'bad-input' });
    expect(error.message).to.include('Stack clinic does not exist');
  });

  it('tells the diagnostics, each once, without those that only say that something failed', () => {
    const error = describeEngineFailure(new Error('code: 255'), 'clinic', [
      'port 5432 is taken',
      ' port 5432 is taken\n',
      'update failed',
      'resource registration failed: x',
      'no room on the disk',
    ]);

    expect(error).to.include({ kind: 'recovery-failed' });
    expect(error.problems).to.deep.equal(['port 5432 is taken', 'no room on the disk']);
  });

  it('falls back to the end of the output', () => {
    const output = ['1', '2', '3', '4', '5', '6', '7'].join('\n');

    expect(describeEngineFailure(new Error(output), 'clinic', ['update failed']).problems).to.deep.equal([
      '3\n4\n5\n6\n7',
    ]);
  });
});

describe('exit codes', () => {
  it('differ for each kind of failure, from success, and from a fault of the program', () => {
    const codes = Object.values(EXIT_CODES);

    expect(new Set([0, 1, ...codes]).size).to.equal(codes.length + 2);
  });

  it('are all in the help', async () => {
    const { stdout } = await captured(() => main(['--help']));

    for (const code of Object.values(EXIT_CODES)) {
      expect(stdout.replaceAll('\n', ' ')).to.match(new RegExp(`Exit codes:.* ${code} `));
    }
  });
});
