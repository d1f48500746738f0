import { expect } from 'chai';
import * as pulumi from '@pulumi/pulumi';
import { environmentProgram } from '../../components/program';
import { record } from '../support/pulumi-mocks';
import { committedConfig, PROJECT, recordEnvironment, recordWithConfig } from './local-environment';

class AnyResource extends pulumi.CustomResource {}

/** What a promise that must fail failed with. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error
  );
}

describe('the Pulumi program', () => {
  it('tells every problem of its config, with no stack trace, before anything is made', async () => {
    const config = { ...committedConfig(), objectives: { rto: 'soon', rpo: '1m' }, trafic: {} };
    const error = await failureOf(recordEnvironment(config));
    expect(error).to.be.instanceOf(pulumi.RunError);
    expect((error as Error).message.split('\n')).to.deep.equal([
      'The config of stack "local-primary" has 2 problem(s).',
      '  medplum-dr:objectives.rto: "soon" is not a duration: write a number and its unit, such as 500ms, 90s, 5m or 1h',
      '  medplum-dr:trafic: unknown key; did you mean "traffic"?',
      'Edit stacks/Pulumi.local-primary.yaml; docs/reference/config.md explains every key.',
    ]);
  });

  it('has the outputs of the environment as those of the stack', async () => {
    let outputs: Record<string, unknown> = {};
    const recording = await recordWithConfig(() => (outputs = environmentProgram(PROJECT)), committedConfig());
    const values = await new Promise((resolve) => pulumi.output(outputs).apply(resolve));
    expect(values).to.deep.equal(recording.get('medplum').outputs);
  });
});

describe('the record of a Pulumi program', () => {
  const options = { stack: 'any', config: {}, computed: {} };

  it('is refused for a call of a provider function', async () => {
    const error = await failureOf(record(() => pulumi.runtime.invoke('aws:index/getRegion:getRegion', {}), options));
    expect(error).to.have.property('message', 'the program invoked aws:index/getRegion:getRegion');
  });

  it('is refused for a resource of a type that is not expected', async () => {
    const error = await failureOf(record(() => new AnyResource('aws:s3/bucket:Bucket', 'logs'), options));
    expect(error).to.have.property('message', 'the program registered logs of the unknown type aws:s3/bucket:Bucket');
  });

  it('shows a secret in an input as one, also one that an output brought', async () => {
    const recording = await record(
      () =>
        new AnyResource('test:index:Thing', 'thing', {
          plain: 'a',
          sealed: pulumi.secret('b'),
          nested: { joined: pulumi.interpolate`c-${pulumi.secret('d')}` },
        }),
      { ...options, computed: { 'test:index:Thing': () => ({}) } }
    );
    expect(recording.get('thing').inputs).to.deep.equal({
      plain: 'a',
      sealed: { secret: 'b' },
      nested: { joined: { secret: 'c-d' } },
    });
  });
});
