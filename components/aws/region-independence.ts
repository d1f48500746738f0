/*
 * What a recovery leans on beyond its own region. Source: AWS Fault Isolation Boundaries (whitepaper), "Global services":
 * their control planes, and that of DNS names, are in us-east-1.
 */

/** Types (or their beginnings) whose creation or change needs us-east-1, whatever region they are for. */
export const LEANS_ON_US_EAST_1 = [
  'aws:iam/',
  'aws:s3/',
  'aws:cloudfront/',
  'aws:route53/',
  'aws:acm/',
  'aws:lb/loadBalancer:',
  'aws:elasticache/replicationGroup:',
  'aws:rds/cluster:',
  'aws:rds/clusterInstance:',
  'aws:rds/instance:',
] as const;

/**
 * What a recovery from a backup makes nevertheless: each gets a DNS name when it is made. A recovery that promotes a
 * replica makes none of it but missing instances of an Aurora cluster, and those stand in warm-standby and hot-standby.
 */
export const UNAVOIDABLE_ON_THE_DAY: Readonly<Record<string, string>> = {
  'aws:lb/loadBalancer:LoadBalancer': 'pilot-light and above have it standing',
  'aws:elasticache/replicationGroup:ReplicationGroup': 'pilot-light and above have it standing',
  'aws:rds/cluster:Cluster': 'pilot-light and above have a replica standing',
  'aws:rds/clusterInstance:ClusterInstance': 'warm-standby and hot-standby have it standing',
  'aws:rds/instance:Instance': 'pilot-light and above have a replica standing',
};
