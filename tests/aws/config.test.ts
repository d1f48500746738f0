import { expect } from 'chai';
import { OperatorError } from '../../components/errors';
import { loadEnvironment } from '../../components/program';
import { exampleConfig, exampleNames, recoveryOf } from './support/example-stacks';

type Values = Record<string, unknown>;

function problemsOf(values: Values, stack = 'clinic'): readonly string[] {
  try {
    loadEnvironment(values, { projectDirectory: '/project', stack });
  } catch (error) {
    expect(error).to.be.instanceOf(OperatorError);
    return (error as OperatorError).problems;
  }
  return [];
}

/** The example of backup-restore with keys changed; a dotted name goes into an object. */
function changed(changes: Values, example = 'aws-backup-restore'): Values {
  const values = structuredClone(exampleConfig(example));
  for (const [name, value] of Object.entries(changes)) {
    const [key = '', inner] = name.split('.');
    if (inner === undefined) {
      values[key] = value;
    } else {
      (values[key] as Values)[inner] = value;
    }
  }
  return values;
}

describe('config of an AWS stack', () => {
  for (const stack of exampleNames()) {
    it(`takes the example ${stack}`, () => {
      expect(problemsOf(exampleConfig(stack), stack)).to.deep.equal([]);
    });
  }

  for (const stack of exampleNames().filter((name) => exampleConfig(name)['role'] === 'standby')) {
    it(`has in ${stack} the config of its primary with the sites exchanged`, () => {
      const { site, recoverySite, ...primary } = exampleConfig(stack.replace(/-standby$/, ''));
      expect(exampleConfig(stack)).to.deep.equal({
        ...primary,
        role: 'standby',
        site: recoverySite,
        recoverySite: site,
      });
    });
  }

  const refusals: readonly [what: string, values: Values, stack: string, problem: RegExp][] = [
    [
      'no place for journals',
      changed({ control: undefined }),
      'clinic',
      /control: is missing; set it to an S3 address/,
    ],
    ['a folder for journals', changed({ control: '/var/dr' }), 'clinic', /control: must be s3:/],
    [
      'journals in the region that is lost',
      changed({ control: 's3://journals/x?region=eu-central-1' }),
      'clinic',
      /control: lies in eu-central-1/,
    ],
    [
      'one region twice',
      changed({ 'recoverySite.region': 'eu-central-1' }),
      'clinic',
      /recoverySite.region: is the other/,
    ],
    [
      'an image by tag',
      changed({ 'site.image': 'medplum/medplum-server:latest' }),
      'clinic',
      /site.image: must be pinned/,
    ],
    ['one zone', changed({ 'site.network': { availabilityZones: ['eu-central-1a'] } }), 'clinic', /two zones at least/],
    [
      'a small network',
      changed({ 'site.network': { cidr: '10.0.0.0/26', availabilityZones: ['a', 'b'] } }),
      'clinic',
      /a \/16/,
    ],
    [
      'plain HTTP',
      changed({ 'application.baseUrl': 'http://api.backup-restore.example.com/' }),
      'clinic',
      /begin with https/,
    ],
    [
      'another name',
      changed({ 'traffic.name': 'fhir.example.com' }),
      'clinic',
      /does not use the name fhir.example.com/,
    ],
    ['failover to nothing', changed({ 'traffic.mode': 'failover' }), 'clinic', /not with backup-restore/],
    [
      'failover to an unknown load balancer',
      changed({ 'traffic.standbyAddress': undefined }, 'aws-warm-standby'),
      'clinic',
      /standbyAddress: is missing; use mode record until/,
    ],
    ['a long name', changed({}), 'a-name-that-is-too-long-for-roles', /environment: must be at most 20/],
    ['a standby of no environment', exampleConfig('aws-pilot-light-standby'), 'clinic', /environment: is missing/],
    [
      'a recovery that was not told what stands',
      { ...recoveryOf('aws-pilot-light'), standing: undefined },
      'clinic-r-1',
      /standing: is missing; the driver/,
    ],
    [
      'a promotion without the load balancer that stands',
      { ...recoveryOf('aws-pilot-light'), standing: { keyArn: 'arn:aws:kms:eu-west-1:123456789012:key/1' } },
      'clinic-r-1',
      /standing.loadBalancer: is missing; it stands/,
    ],
    [
      'a mistyped key',
      { ...changed({}), recoverySit: {} },
      'clinic',
      /recoverySit: unknown key; did you mean "recoverySite"/,
    ],
  ];
  for (const [what, values, stack, problem] of refusals) {
    it(`refuses ${what}`, () => {
      expect(problemsOf(values, stack).join('\n')).to.match(problem);
    });
  }
});
