import { expect } from 'chai';
import type { Recording } from '../support/pulumi-mocks';
import { exampleConfig, ofType, recordStack, recoveryOf, theOne } from './support/example-stacks';

const SERVICE = 'ecs/service:Service';

interface Container {
  readonly image: string;
  readonly command: string[];
  readonly environment: { name: string; value: string }[];
}

function containerOf(recording: Recording): Container {
  const { inputs } = theOne(recording, 'ecs/taskDefinition:TaskDefinition');
  const [container] = JSON.parse(String(inputs['containerDefinitions'])) as [Container];
  return container;
}

const record = (stack: string): Promise<Recording> => recordStack(exampleConfig(stack), stack);

/** What a cutover to a recovery writes into the primary's config. */
const ELSEWHERE = {
  site: 'dublin',
  stack: 'aws-backup-restore-r-1',
  recoveryId: '1',
  generation: 1,
  address: 'recovered-1.eu-west-1.elb.amazonaws.com',
  port: 443,
  since: '2026-11-24T12:00:00Z',
};

describe('application on AWS', () => {
  it('starts the pinned image on the configuration of its own region', async () => {
    const home = containerOf(await record('aws-backup-restore'));
    expect(home.command).to.deep.equal(['aws:eu-central-1:/medplum/prod/']);
    expect(home.image).to.match(/^123456789012\.dkr\.ecr\.eu-central-1\..*@sha256:[0-9a-f]{64}$/);
    const away = containerOf(await recordStack(recoveryOf('aws-backup-restore'), 'aws-backup-restore-r-1'));
    expect(away.command).to.deep.equal(['aws:eu-west-1:/medplum/prod/']);
    expect(away.image).to.equal(home.image.replace('eu-central-1', 'eu-west-1'));
  });

  it('gives the server further environment of config', async () => {
    const values = exampleConfig('aws-backup-restore');
    const application = {
      ...(values['application'] as object),
      environment: { NODE_OPTIONS: '--max-old-space-size=1536' },
    };
    const { environment } = containerOf(await recordStack({ ...values, application }, 'aws-backup-restore'));
    expect(environment).to.deep.equal([
      { name: 'NODE_ENV', value: 'production' },
      { name: 'NODE_OPTIONS', value: '--max-old-space-size=1536' },
    ]);
  });

  it('runs on Fargate behind a listener with the site’s certificate, and is checked every 5 s', async () => {
    const recording = await record('aws-backup-restore');
    const { inputs } = theOne(recording, SERVICE);
    expect(inputs).to.deep.include({
      desiredCount: 2,
      capacityProviderStrategies: [{ capacityProvider: 'FARGATE', weight: 1 }],
      healthCheckGracePeriodSeconds: 300,
      deploymentCircuitBreaker: { enable: true, rollback: false },
      availabilityZoneRebalancing: 'ENABLED',
      waitForSteadyState: false,
      triggers: { databaseAccess: 'version-1' },
    });
    expect(inputs).not.to.have.property('launchType');
    expect(theOne(recording, SERVICE).ignoreChanges).to.deep.equal([]);
    expect(theOne(recording, 'lb/targetGroup:TargetGroup').inputs['healthCheck']).to.deep.include({
      path: '/healthcheck',
      interval: 5,
      timeout: 4,
      healthyThreshold: 2,
    });
    const { certificateArn } = exampleConfig('aws-backup-restore')['site'] as { certificateArn: string };
    expect(theOne(recording, 'lb/listener:Listener').inputs).to.include({ certificateArn, port: 443 });
    expect(theOne(recording, 'appautoscaling/target:Target').inputs).to.include({ minCapacity: 2, maxCapacity: 10 });
  });

  for (const [what, values, stack] of [
    ['at home', exampleConfig('aws-backup-restore'), 'aws-backup-restore'],
    ['in a recovery', recoveryOf('aws-backup-restore'), 'aws-backup-restore-r-1'],
  ] as const) {
    it(`is all that waits for the database ${what}`, async () => {
      const recording = await recordStack(values, stack);
      const database = theOne(recording, 'rds/instance:Instance').name;
      const waiting = recording.all.filter(({ name, custom }) => custom && recording.waitsFor(name).has(database));
      const expected = [
        'medplum-application-database-access',
        'medplum-application-scaling-cpu',
        'medplum-application-scaling-target',
        'medplum-application-service',
        ...(what === 'at home' ? ['medplum-protection-selection', 'medplum-traffic-record'] : []),
      ];
      expect(waiting.map(({ name }) => name)).to.include.members(expected);
      const others = waiting.filter(({ name }) => !expected.includes(name) && !name.startsWith('medplum-monitoring'));
      expect(others.map(({ name }) => name)).to.deep.equal([]);
    });
  }

  it('runs no task at a site that traffic has left, and keeps the rest', async () => {
    const values = { ...exampleConfig('aws-backup-restore'), activeEndpoint: ELSEWHERE };
    const recording = await recordStack(values, 'aws-backup-restore');
    expect(theOne(recording, SERVICE).inputs['desiredCount']).to.equal(0);
    expect(ofType(recording, 'appautoscaling/target:Target')).to.have.length(0);
    expect(ofType(recording, 'lb/loadBalancer:LoadBalancer')).to.have.length(1);
  });

  for (const strategy of ['pilot-light', 'warm-standby', 'hot-standby']) {
    it(`waits with no task in a ${strategy}, and is not stopped again after the driver started it`, async () => {
      const recording = await record(`aws-${strategy}-standby`);
      const service = theOne(recording, SERVICE);
      expect(service.inputs).to.include({ desiredCount: 0, name: `medplum-dr-aws-${strategy}` });
      expect(service.ignoreChanges).to.deep.equal(['desiredCount']);
      expect(ofType(recording, 'appautoscaling/target:Target')).to.have.length(0);
      const promoted = await recordStack(recoveryOf(`aws-${strategy}`), `aws-${strategy}-r-1`);
      expect(theOne(promoted, 'appautoscaling/target:Target').inputs['resourceId']).to.equal(
        `service/medplum-dr-aws-${strategy}/medplum-dr-aws-${strategy}`
      );
    });
  }

  it('names the load balancer so that AWS takes it, also for a long stack', async () => {
    const recording = await recordStack(recoveryOf('aws-backup-restore'), 'aws-backup-restore-r-20261124-1');
    const name = String(theOne(recording, 'lb/loadBalancer:LoadBalancer').inputs['name']);
    expect(name).to.match(/^[a-z0-9][a-z0-9-]{0,30}[a-z0-9]$/);
    const other = await recordStack(recoveryOf('aws-backup-restore'), 'aws-backup-restore-r-20261124-2');
    expect(theOne(other, 'lb/loadBalancer:LoadBalancer').inputs['name']).not.to.equal(name);
  });

  it('has a firewall where config asks for one', async () => {
    expect(ofType(await record('aws-warm-standby'), 'wafv2/webAclAssociation:WebAclAssociation')).to.have.length(1);
    expect(ofType(await record('aws-pilot-light'), 'wafv2/webAcl:WebAcl')).to.have.length(0);
  });
});
