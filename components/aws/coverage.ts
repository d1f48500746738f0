/**
 * What becomes of a resource of an environment that Medplum's CDK made, when its region is lost. `by` are resources of
 * this program, as `@pulumi/aws` names them.
 *
 * - `protected`: its data is carried to the recovery region.
 * - `rebuilt`: it holds no data; another one stands or is made in the recovery region.
 * - `left-out`: neither; `why` says what that means for a recovery.
 */
export type Coverage =
  | { readonly how: 'protected' | 'rebuilt'; readonly by: readonly string[]; readonly note?: string }
  | { readonly how: 'left-out'; readonly why: string };

const rebuilt = (...by: readonly string[]): Coverage => ({ how: 'rebuilt', by });
const leftOut = (why: string): Coverage => ({ how: 'left-out', why });

const CDN = 'global: it outlives a region. No config names it; its origin at home has to be given another by hand';

/** Types of CloudFormation in the templates of @medplum/cdk 4.0.2, each with what covers it. */
export const CDK_COVERAGE: Readonly<Record<string, Coverage>> = {
  // Only with fargateAutoScaling.
  'AWS::ApplicationAutoScaling::ScalableTarget': rebuilt('appautoscaling.Target'),
  'AWS::ApplicationAutoScaling::ScalingPolicy': rebuilt('appautoscaling.Policy'),
  'AWS::CloudFront::CachePolicy': leftOut(CDN),
  'AWS::CloudFront::CloudFrontOriginAccessIdentity': leftOut(`${CDN}; the replica bucket must let it in`),
  'AWS::CloudFront::Distribution': leftOut(CDN),
  'AWS::CloudFront::KeyGroup': leftOut('global: URLs that were signed for it go on to be accepted'),
  // Only with storagePublicKey.
  'AWS::CloudFront::PublicKey': leftOut('global: URLs that were signed with its key go on to be accepted'),
  'AWS::CloudFront::ResponseHeadersPolicy': leftOut(CDN),
  'AWS::EC2::EIP': rebuilt('ec2.Eip'),
  'AWS::EC2::FlowLog': leftOut('a record of connections; a recovered network has none until somebody asks for it'),
  'AWS::EC2::InternetGateway': rebuilt('ec2.InternetGateway'),
  'AWS::EC2::NatGateway': rebuilt('ec2.NatGateway'),
  'AWS::EC2::Route': rebuilt('ec2.Route'),
  'AWS::EC2::RouteTable': rebuilt('ec2.RouteTable'),
  'AWS::EC2::SecurityGroup': rebuilt('ec2.SecurityGroup'),
  'AWS::EC2::SecurityGroupEgress': rebuilt('vpc.SecurityGroupEgressRule'),
  'AWS::EC2::SecurityGroupIngress': rebuilt('vpc.SecurityGroupIngressRule'),
  'AWS::EC2::Subnet': rebuilt('ec2.Subnet'),
  'AWS::EC2::SubnetRouteTableAssociation': rebuilt('ec2.RouteTableAssociation'),
  'AWS::EC2::VPC': rebuilt('ec2.Vpc'),
  'AWS::EC2::VPCGatewayAttachment': rebuilt('ec2.InternetGateway'),
  'AWS::ECS::Cluster': rebuilt('ecs.Cluster'),
  'AWS::ECS::Service': rebuilt('ecs.Service'),
  'AWS::ECS::TaskDefinition': rebuilt('ecs.TaskDefinition'),
  // It starts empty: what was queued is lost, and machine tokens have to be asked for anew.
  'AWS::ElastiCache::ReplicationGroup': rebuilt('elasticache.ReplicationGroup'),
  'AWS::ElastiCache::SubnetGroup': rebuilt('elasticache.SubnetGroup'),
  'AWS::ElasticLoadBalancingV2::Listener': rebuilt('lb.Listener'),
  'AWS::ElasticLoadBalancingV2::LoadBalancer': rebuilt('lb.LoadBalancer'),
  'AWS::ElasticLoadBalancingV2::TargetGroup': rebuilt('lb.TargetGroup'),
  'AWS::IAM::Policy': rebuilt('iam.RolePolicy'),
  'AWS::IAM::Role': rebuilt('iam.Role'),
  'AWS::Logs::LogGroup': rebuilt('cloudwatch.LogGroup'),
  'AWS::RDS::DBCluster': { how: 'protected', by: ['backup.Plan', 'backup.Selection', 'rds.GlobalCluster'] },
  // Only with rdsProxyEnabled.
  'AWS::RDS::DBProxy': leftOut('a recovered server is given the database itself'),
  'AWS::RDS::DBProxyTargetGroup': leftOut('a recovered server is given the database itself'),
  'AWS::RDS::DBClusterParameterGroup': rebuilt('rds.ClusterParameterGroup'),
  'AWS::RDS::DBInstance': rebuilt('rds.ClusterInstance'),
  'AWS::RDS::DBSubnetGroup': rebuilt('rds.SubnetGroup'),
  'AWS::Route53::RecordSet': {
    how: 'rebuilt',
    by: ['route53.Record'],
    note: 'the API’s alone, and where config has takeOverRecord; those of the web app and of storage lead to CloudFront',
  },
  'AWS::S3::Bucket': {
    how: 'protected',
    by: ['s3.BucketReplicationConfig', 's3.Bucket'],
    note: 'the bucket of binaryStorage; that of the web app is filled anew by its deployment',
  },
  'AWS::S3::BucketPolicy': rebuilt('s3.BucketPolicy'),
  'AWS::SSM::Parameter': rebuilt('ssm.Parameter'),
  // The passwords are new ones: the old ones are of no use to a database and a cache that were made anew.
  'AWS::SecretsManager::Secret': rebuilt('secretsmanager.Secret', 'random.RandomPassword'),
  'AWS::SecretsManager::SecretTargetAttachment': rebuilt('secretsmanager.SecretVersion'),
  'AWS::WAFv2::WebACL': {
    how: 'rebuilt',
    by: ['wafv2.WebAcl'],
    note: 'the load balancer’s, where config has application.webAcl; those of CloudFront are global',
  },
  'AWS::WAFv2::WebACLAssociation': rebuilt('wafv2.WebAclAssociation'),
};
