import * as sns from '@pulumi/aws/sns';
import * as pulumi from '@pulumi/pulumi';
import { standingNames, type AwsConfig } from './config';
import { arnAt, tagsOf, type AwsContext } from './standing-arns';

/**
 * Where the alarms of one region go: alarms reach topics of their own region only. The topic that config names is used
 * in its region; elsewhere one is made, with the e-mail address of config.
 *
 * What is told names machines and no patients; the topic takes it over TLS only.
 */
export class AlarmTopic extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      readonly region: string;
      /** Key that CloudWatch may use; undefined where the environment has none in the region. */
      readonly keyArn: pulumi.Input<string> | undefined;
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:AlarmTopic', name, {}, options);
    const { config, context, region, keyArn, provider } = args;
    const { alarmTopicArn, email } = config.monitoring;
    if (alarmTopicArn?.split(':')[3] === region) {
      this.arn = pulumi.output(alarmTopicArn);
    } else {
      const child = { parent: this, provider };
      const topicName = `${standingNames(context.environment).prefix}-${config.role}`;
      const arn = arnAt({ ...config.site, region }, 'sns', topicName);
      const topic = new sns.Topic(
        `${name}-topic`,
        {
          name: topicName,
          policy: topicPolicy(arn),
          ...(keyArn === undefined ? {} : { kmsMasterKeyId: keyArn }),
          tags: tagsOf(config, context),
        },
        child
      );
      if (email !== undefined) {
        new sns.TopicSubscription(`${name}-email`, { topic: topic.arn, protocol: 'email', endpoint: email }, child);
      }
      this.arn = topic.arn;
    }
    this.registerOutputs({ arn: this.arn });
  }
}

function topicPolicy(arn: string): string {
  const account = arn.split(':')[4] ?? '';
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Alarms',
        Effect: 'Allow',
        Principal: { Service: ['cloudwatch.amazonaws.com', 'backup.amazonaws.com'] },
        Action: 'sns:Publish',
        Resource: arn,
        Condition: { StringEquals: { 'aws:SourceAccount': account } },
      },
      {
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 'sns:Publish',
        Resource: arn,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });
}
