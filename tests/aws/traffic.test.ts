import { expect } from 'chai';
import type { Recording } from '../support/pulumi-mocks';
import { HOME_BALANCER } from './support/computed';
import { exampleConfig, ofType, recordStack, theOne } from './support/example-stacks';

const RECORD = 'route53/record:Record';
const RECOVERED = 'recovered-1.eu-west-1.elb.amazonaws.com';
const ZONES = { home: 'Z215JYRZR1TBD5', away: 'Z32O12XQLNTSW2' };

const activeAt = (address: string): Record<string, unknown> => ({
  site: 'dublin',
  stack: 'aws-r-1',
  recoveryId: '1',
  generation: 1,
  address,
  port: 443,
  since: '2026-11-24T12:00:00Z',
});

const record = (stack: string, changes: Record<string, unknown> = {}): Promise<Recording> =>
  recordStack({ ...exampleConfig(stack), ...changes }, stack);

function endpoint(recording: Recording): unknown {
  return (recording.get('medplum-traffic').outputs as { endpoint: unknown }).endpoint;
}

describe('traffic on AWS', () => {
  it('leads the name to home’s load balancer, whatever its health, through the recovery region’s provider', async () => {
    const recording = await record('aws-backup-restore');
    const made = theOne(recording, RECORD);
    expect(made.inputs).to.deep.equal({
      zoneId: 'Z0123456789EXAMPLE',
      name: 'api.backup-restore.example.com',
      type: 'A',
      aliases: [{ name: HOME_BALANCER, zoneId: ZONES.home, evaluateTargetHealth: false }],
      allowOverwrite: false,
    });
    expect(recording.get(made.provider!).inputs['region']).to.equal('eu-west-1');
    expect(endpoint(recording)).to.deep.equal({
      name: 'api.backup-restore.example.com',
      address: HOME_BALANCER,
      port: 443,
      site: 'frankfurt',
    });
  });

  it('follows a cutover, and then depends on no resource of home', async () => {
    const recording = await record('aws-backup-restore', { activeEndpoint: activeAt(RECOVERED) });
    const made = theOne(recording, RECORD);
    expect(made.inputs['aliases']).to.deep.equal([
      { name: RECOVERED, zoneId: ZONES.away, evaluateTargetHealth: false },
    ]);
    expect([...recording.waitsFor(made.name)]).to.have.members(['medplum', 'medplum-traffic', 'front']);
    expect(endpoint(recording)).to.include({ address: RECOVERED, site: 'dublin' });
  });

  it('stays when the site is removed', async () => {
    const changes = { activeEndpoint: activeAt(RECOVERED), siteRemoved: { at: '2026-11-25T00:00:00Z' } };
    const recording = await record('aws-backup-restore', changes);
    expect(theOne(recording, RECORD).inputs['aliases']).to.deep.include({
      name: RECOVERED,
      zoneId: ZONES.away,
      evaluateTargetHealth: false,
    });
    const regions = recording.all.flatMap(({ type, inputs }) =>
      type === 'pulumi:providers:aws' ? [inputs['region']] : []
    );
    expect(regions, 'home is not asked').to.have.members(['eu-west-1', 'us-east-1']);
  });

  describe('in mode failover', () => {
    it('has both records ahead, held at home by a signal of the recovery region', async () => {
      const recording = await record('aws-warm-standby');
      const [primary, secondary] = ofType(recording, RECORD);
      expect(primary?.inputs).to.deep.include({
        setIdentifier: 'frankfurt',
        failoverRoutingPolicies: [{ type: 'PRIMARY' }],
        healthCheckId: 'medplum-traffic-signal-check-id',
        aliases: [{ name: HOME_BALANCER, zoneId: ZONES.home, evaluateTargetHealth: false }],
      });
      expect(secondary?.inputs).to.deep.include({
        setIdentifier: 'dublin',
        failoverRoutingPolicies: [{ type: 'SECONDARY' }],
        aliases: [
          {
            name: 'medplum-dr-aws-warm-standby-0987654321.eu-west-1.elb.amazonaws.com',
            zoneId: ZONES.away,
            evaluateTargetHealth: false,
          },
        ],
      });
      expect(secondary?.inputs).not.to.have.property('healthCheckId');
    });

    it('reads the metric as it is published, and latches', async () => {
      const recording = await record('aws-warm-standby');
      const alarm = recording.get('medplum-traffic-signal-alarm');
      expect(alarm.inputs).to.deep.include({
        namespace: 'MedplumDR',
        metricName: 'ServeFromRecoverySite',
        dimensions: { Environment: 'aws-warm-standby' },
        period: 60,
        evaluationPeriods: 1,
        statistic: 'Maximum',
        threshold: 1,
        treatMissingData: 'ignore',
      });
      // A health check reads no M of N.
      expect(alarm.inputs).not.to.have.property('datapointsToAlarm');
      expect(recording.get(alarm.provider!).inputs['region']).to.equal('eu-west-1');
      expect(recording.get('medplum-traffic-signal-check').inputs).to.deep.include({
        type: 'CLOUDWATCH_METRIC',
        cloudwatchAlarmName: 'medplum-dr-aws-warm-standby-serve-from-recovery-site',
        cloudwatchAlarmRegion: 'eu-west-1',
        insufficientDataHealthStatus: 'LastKnownStatus',
      });
    });

    it('plans nothing else after a flip: only the endpoint that it tells follows', async () => {
      const before = await record('aws-warm-standby');
      const after = await record('aws-warm-standby', { activeEndpoint: activeAt(RECOVERED) });
      const records = (recording: Recording): unknown => ofType(recording, RECORD).map(({ inputs }) => inputs);
      expect(records(after)).to.deep.equal(records(before));
      expect(endpoint(after)).to.include({ address: RECOVERED, site: 'dublin' });
    });
  });

  describe('of an existing environment', () => {
    it('touches no record by itself, and says where the name leads', async () => {
      const recording = await record('aws-existing');
      expect(ofType(recording, RECORD)).to.have.length(0);
      expect(endpoint(recording)).to.include({ address: 'medplum-prod-1234567890.eu-central-1.elb.amazonaws.com' });
    });

    it('takes the record over when it is asked to', async () => {
      const source = { ...(exampleConfig('aws-existing')['source'] as object), takeOverRecord: true };
      const recording = await record('aws-existing', { source });
      expect(theOne(recording, RECORD).inputs).to.include({ allowOverwrite: true, type: 'A' });
    });
  });
});
