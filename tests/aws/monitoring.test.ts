import { expect } from 'chai';
import type { Recording, Registration } from '../support/pulumi-mocks';
import { exampleConfig, ofType, recordStack, theOne } from './support/example-stacks';

const ALARM = 'cloudwatch/metricAlarm:MetricAlarm';

const record = (stack: string, changes: Record<string, unknown> = {}): Promise<Recording> =>
  recordStack({ ...exampleConfig(stack), ...changes }, stack);

function region(recording: Recording, { provider }: Registration): unknown {
  return recording.get(provider ?? '').inputs['region'];
}

/** Alarms by what they are of, and the region that each lies in. */
function alarms(recording: Recording): Record<string, unknown> {
  return Object.fromEntries(
    ofType(recording, ALARM)
      .filter(({ name }) => !name.endsWith('-signal-alarm'))
      .map((each) => [each.name.replace(/^medplum-(monitoring|site)-/, ''), region(recording, each)])
  );
}

describe('monitoring on AWS', () => {
  it('watches the public name from outside, and whether the protection keeps up', async () => {
    const recording = await record('aws-pilot-light');
    expect(alarms(recording)).to.deep.equal({
      outage: 'us-east-1',
      'backup-failed': 'eu-central-1',
      'copy-failed': 'eu-central-1',
      'replication-behind': 'eu-central-1',
      'replication-failed': 'eu-central-1',
    });
    expect(recording.get('medplum-monitoring-outage-check').inputs).to.include({
      type: 'HTTPS',
      fqdn: 'api.pilot-light.example.com',
      resourcePath: '/healthcheck',
    });
    expect(recording.get('medplum-monitoring-outage').inputs['dimensions']).to.deep.equal({
      HealthCheckId: 'medplum-monitoring-outage-check-id',
    });
  });

  it('lets the recovery region watch itself', async () => {
    expect(alarms(await record('aws-backup-restore-standby'))).to.deep.equal({
      'newest-recovery-point-too-old': 'eu-west-1',
    });
    const recording = await record('aws-pilot-light-standby');
    expect(alarms(recording)).to.deep.equal({
      'newest-recovery-point-too-old': 'eu-west-1',
      'replica-lag': 'eu-west-1',
    });
    // The RPO of the example is a minute; Aurora tells milliseconds.
    expect(recording.get('medplum-site-replica-lag').inputs).to.include({
      metricName: 'AuroraGlobalDBRPOLag',
      threshold: 60_000,
    });
    expect(recording.get('medplum-site-newest-recovery-point-too-old').inputs).to.include({
      treatMissingData: 'breaching',
      period: 3600,
      evaluationPeriods: 2,
    });
  });

  it('watches the lag of an RDS replica in seconds', async () => {
    const database = { engine: 'rds', version: '16.6' };
    const recording = await record('aws-pilot-light-standby', { database });
    expect(recording.get('medplum-site-replica-lag').inputs).to.deep.include({
      metricName: 'ReplicaLag',
      threshold: 60,
      dimensions: { DBInstanceIdentifier: 'medplum-dr-aws-pilot-light' },
    });
  });

  it('tells each alarm to a topic of its own region', async () => {
    for (const stack of ['aws-pilot-light', 'aws-pilot-light-standby']) {
      const recording = await record(stack);
      for (const alarm of ofType(recording, ALARM).filter(({ name }) => !name.endsWith('-signal-alarm'))) {
        const topics = ofType(recording, 'sns/topic:Topic').filter(({ name }) => alarm.dependsOn.includes(name));
        expect(topics.map((topic) => region(recording, topic))).to.deep.equal([region(recording, alarm)]);
        expect(alarm.inputs['alarmActions']).to.deep.equal(alarm.inputs['okActions']);
      }
      const mails = ofType(recording, 'sns/topicSubscription:TopicSubscription');
      expect(mails.map(({ inputs }) => inputs['endpoint'])).to.include('oncall@example.com');
    }
  });

  it('uses the topic of config where that is in the region', async () => {
    const alarmTopicArn = 'arn:aws:sns:eu-west-1:123456789012:pager';
    const recording = await record('aws-backup-restore-standby', { monitoring: { alarmTopicArn } });
    expect(ofType(recording, 'sns/topic:Topic')).to.have.length(0);
    expect(theOne(recording, ALARM).inputs['alarmActions']).to.deep.equal([alarmTopicArn]);
  });

  it('does not watch a replication that it does not make', async () => {
    const source = { ...(exampleConfig('aws-existing')['source'] as object), bucketReplicates: true };
    expect(alarms(await record('aws-existing', { source }))).not.to.have.any.keys('replication-behind');
    expect(alarms(await record('aws-existing'))).to.include.keys('replication-behind');
  });

  it('draws both regions on one dashboard in the recovery region', async () => {
    const recording = await record('aws-existing');
    const dashboard = theOne(recording, 'cloudwatch/dashboard:Dashboard');
    expect(region(recording, dashboard)).to.equal('eu-west-1');
    const { widgets } = JSON.parse(String(dashboard.inputs['dashboardBody'])) as {
      widgets: { properties: { region: string; metrics: string[][] } }[];
    };
    expect(widgets.map(({ properties }) => properties.region)).to.include.members(['eu-central-1', 'eu-west-1']);
    expect(JSON.stringify(widgets)).to.include('medplumprod-backend-databasecluster-abc123');
  });
});
