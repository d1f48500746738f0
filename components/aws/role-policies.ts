import type { AwsConfig, AwsSite } from './config';
import { standingNames } from './config';
import { roleArn, type RoleName } from './role-names';
import { imageRepository } from './image-repository';
import { arnAt, bucketArn, type AwsContext } from './standing-arns';

export interface Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Record<string, Record<string, string>>;
}

/** What each role may do, by statement. AWS Backup's are AWS's own policies, as its needs change with its features. */
export function statementsOf(role: Exclude<RoleName, 'backup'>, config: AwsConfig, context: AwsContext): Statement[] {
  switch (role) {
    case 'execution':
      return execution(config, context);
    case 'task':
      return task(config, context);
    case 'bot':
      return [writeLogs(arnAt(config.site, 'logs', 'log-group:/aws/lambda/medplum-bot-lambda-*'))];
    case 'replication':
      return replication(config, context);
  }
}

/** Starts the container: its image and its log, nothing of the patients'. */
function execution({ site }: AwsConfig, { environment }: AwsContext): Statement[] {
  const repository = imageRepository(site);
  const log = arnAt(site, 'logs', `log-group:${standingNames(environment).logGroup}`);
  return [
    ...(repository === null
      ? []
      : [
          { Sid: 'RegistryLogin', Effect: 'Allow', Action: ['ecr:GetAuthorizationToken'], Resource: '*' } as const,
          {
            Sid: 'PullImage',
            Effect: 'Allow',
            Action: ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
            Resource: repository.arn,
          } as const,
        ]),
    writeLogs(log),
  ];
}

/** The server itself: what Medplum's CDK gives it, bound to this environment and this region. */
function task(config: AwsConfig, context: AwsContext): Statement[] {
  const { site } = config;
  const { prefix, keyAlias } = standingNames(context.environment);
  const bucket = bucketArn(site, site.bucket);
  return [
    {
      Sid: 'ReadConfig',
      Effect: 'Allow',
      Action: ['ssm:GetParametersByPath', 'ssm:GetParameters', 'ssm:GetParameter'],
      Resource: [
        arnAt(site, 'ssm', `parameter${site.configPath.replace(/\/$/, '')}`),
        arnAt(site, 'ssm', `parameter${site.configPath}*`),
      ],
    },
    {
      Sid: 'ReadSecrets',
      Effect: 'Allow',
      Action: ['secretsmanager:GetSecretValue'],
      Resource: arnAt(site, 'secretsmanager', `secret:${prefix}/*`),
    },
    {
      Sid: 'UseKey',
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: arnAt(site, 'kms', 'key/*'),
      Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': keyAlias } },
    },
    { Sid: 'ListBinaries', Effect: 'Allow', Action: ['s3:ListBucket'], Resource: bucket },
    {
      Sid: 'ReadAndWriteBinaries',
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      Resource: `${bucket}/*`,
    },
    {
      Sid: 'Bots',
      Effect: 'Allow',
      Action: [
        'lambda:CreateFunction',
        'lambda:DeleteFunction',
        'lambda:GetFunction',
        'lambda:GetFunctionConfiguration',
        'lambda:InvokeFunction',
        'lambda:UpdateFunctionCode',
        'lambda:UpdateFunctionConfiguration',
      ],
      Resource: arnAt(site, 'lambda', 'function:medplum-bot-lambda-*'),
    },
    {
      Sid: 'BotLayer',
      Effect: 'Allow',
      Action: ['lambda:GetLayerVersion'],
      Resource: arnAt(site, 'lambda', 'layer:medplum-bot-layer:*'),
    },
    // Lambda knows no resource of these.
    { Sid: 'FindBotLayer', Effect: 'Allow', Action: ['lambda:ListLayerVersions'], Resource: '*' },
    {
      Sid: 'BotRole',
      Effect: 'Allow',
      Action: ['iam:PassRole'],
      Resource: roleArn(site, context, 'bot'),
      Condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
    },
    {
      Sid: 'Email',
      Effect: 'Allow',
      Action: ['ses:SendEmail', 'ses:SendRawEmail'],
      Resource: arnAt(site, 'ses', 'identity/*'),
    },
  ];
}

function replication(config: AwsConfig, { environment }: AwsContext): Statement[] {
  const { site, recoverySite, source, role } = config;
  if (recoverySite === undefined) {
    return [];
  }
  const from = bucketArn(site, role === 'primary' && source.kind === 'existing' ? source.bucket : site.bucket);
  const to = bucketArn(recoverySite, recoverySite.bucket);
  return [
    {
      Sid: 'ReadRule',
      Effect: 'Allow',
      Action: ['s3:GetReplicationConfiguration', 's3:ListBucket'],
      Resource: from,
    },
    {
      Sid: 'ReadObjects',
      Effect: 'Allow',
      Action: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
      Resource: `${from}/*`,
    },
    {
      Sid: 'WriteReplicas',
      Effect: 'Allow',
      Action: ['s3:ReplicateObject', 's3:ReplicateTags', 's3:ObjectOwnerOverrideToBucketOwner'],
      Resource: `${to}/*`,
    },
    throughS3('DecryptAtSource', 'kms:Decrypt', site, environment, source.kind === 'managed'),
    throughS3('EncryptAtReplica', 'kms:GenerateDataKey', recoverySite, environment, true),
  ];
}

/** A key is used through S3 only. The key of an existing bucket has no alias of ours. */
function throughS3(sid: string, action: string, site: AwsSite, environment: string, isOurKey: boolean): Statement {
  const throughService = { StringLike: { 'kms:ViaService': `s3.${site.region}.amazonaws.com` } };
  const alias = { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': standingNames(environment).keyAlias } };
  return {
    Sid: sid,
    Effect: 'Allow',
    Action: action === 'kms:Decrypt' ? [action] : [action, 'kms:Encrypt'],
    Resource: arnAt(site, 'kms', 'key/*'),
    Condition: isOurKey ? { ...throughService, ...alias } : throughService,
  };
}

function writeLogs(group: string): Statement {
  return {
    Sid: 'WriteLog',
    Effect: 'Allow',
    Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: [group, `${group}:*`],
  };
}
