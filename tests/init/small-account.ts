import type { MotoAccount } from './moto-account';

export const PATH = '/medplum/prod/';

export interface SmallAccount {
  readonly endpoint: string;
  readonly databaseSecret: string;
  readonly zone: string | null;
}

/**
 * The shape of Medplum's Terraform: the secrets carry what it writes and no identifier of RDS, the server runs on
 * Kubernetes, and no CloudFormation stack made anything. The parameters that name secrets are encrypted here, which
 * Medplum's server reads as well.
 */
export async function fillSmallAccount(
  account: MotoAccount,
  options: { readonly zone?: boolean } = {}
): Promise<SmallAccount> {
  await account.reset();
  const endpoint = await account.cluster('medplum-prod', { version: '16.4', tags: { ManagedBy: 'terraform' } });
  await account.instance('medplum-prod-1', 'medplum-prod', 'db.r6g.large');
  const databaseSecret = await account.secret(
    'medplum-prod-database',
    JSON.stringify({
      host: endpoint,
      port: 5432,
      dbname: 'medplum',
      username: 'medplum',
      password: 'TOP-SECRET-database',
    })
  );
  const host = await account.replicationGroup('medplum-prod', 'cache.t4g.medium', 2);
  const redis = await account.secret(
    'medplum-prod-redis',
    JSON.stringify({ host, port: 6379, password: 'TOP-SECRET-cache', tls: {} })
  );
  await account.bucket('medplum-prod-binary');
  const balancer = await account.loadBalancer('k8s-medplum');
  const group = await account.targetGroup('k8s-medplum');
  await account.listener(balancer.arn, group, await account.certificate('api.example.test'));
  let zone: string | null = null;
  if (options.zone ?? true) {
    await account.zone('example.test');
    zone = await account.zone('api.example.test');
    await account.alias(zone, 'api.example.test', balancer.dnsName, balancer.zone);
  }
  await account.parameter(`${PATH}baseUrl`, 'https://api.example.test/');
  await account.parameter(`${PATH}binaryStorage`, 's3:medplum-prod-binary');
  await account.parameter(`${PATH}DatabaseSecrets`, databaseSecret, 'SecureString');
  await account.parameter(`${PATH}RedisSecrets`, redis, 'SecureString');
  await account.parameter(`${PATH}signingKey`, 'TOP-SECRET-key', 'SecureString');
  return { endpoint, databaseSecret, zone };
}
