import type { Finding } from '../finding';
import { findBucket, type BucketFinding } from './bucket';
import { findCache, type CacheFacts } from './cache';
import { findDatabase } from './database';
import type { DatabaseFacts } from './database-facts';
import { describeDistributions } from './distributions';
import { findLoadBalancer, type LoadBalancerFinding } from './load-balancer';
import { madeBy } from './made-by';
import { readParameters, type Parameters } from './parameters';
import { findPublicAddress, type PublicAddress } from './public-address';
import { findRecoveryZones } from './recovery-zones';
import { readSecret } from './secrets';
import { findService, type ServiceFinding } from './service';
import { findVersion, type AskForJson } from './version';

/** Where an environment runs, and by which path its server finds its configuration. */
export interface AwsPlace {
  readonly region: string;
  /** Path of the server's parameters, with a slash at both ends. */
  readonly configPath: string;
  readonly recoveryRegion?: string;
}

/** All that was found of an environment, and what was not. */
export interface Discovery {
  readonly baseUrl: Finding<string>;
  readonly version: Finding<string>;
  /** Further settings of the server. */
  readonly settings: Parameters['settings'];
  readonly databaseSecretArn: Finding<string>;
  readonly redisSecretArn: Finding<string>;
  readonly database: Finding<DatabaseFacts>;
  readonly cache: Finding<CacheFacts>;
  readonly bucket: BucketFinding;
  readonly address: PublicAddress;
  readonly loadBalancer: LoadBalancerFinding;
  readonly service: ServiceFinding;
  /** Null where no recovery region was named. */
  readonly recoveryZones: Finding<readonly string[]> | null;
  readonly notes: readonly string[];
}

/** Follows Medplum's own configuration to everything that it names. Reads only. */
export async function discover(place: AwsPlace, askForJson: AskForJson): Promise<Discovery> {
  const { region } = place;
  const parameters = await readParameters(region, place.configPath);
  const baseUrl = parameters.get('baseUrl');
  const [databaseSecret, redisSecret] = await Promise.all([
    readSecret(region, 'DatabaseSecrets', parameters.get('DatabaseSecrets')),
    readSecret(region, 'RedisSecrets', parameters.get('RedisSecrets')),
  ]);
  const [{ database, notes: databaseNotes }, cache, bucket, address, distributionNotes] = await Promise.all([
    findDatabase(region, databaseSecret.leads),
    findCache(region, redisSecret.leads),
    findBucket(region, parameters.get('binaryStorage')),
    findPublicAddress(region, baseUrl),
    describeDistributions(
      region,
      ['storageBaseUrl', 'appBaseUrl'].map((parameter) => ({ parameter, value: parameters.get(parameter) }))
    ),
  ]);
  const loadBalancer = await findLoadBalancer(region, address.target);
  const service = await findService(region, loadBalancer.targetGroupArns);
  const proxy = parameters.get('databaseProxyEndpoint');
  return {
    baseUrl,
    version: await findVersion(baseUrl, service.writtenImage, askForJson),
    settings: parameters.settings,
    databaseSecretArn: databaseSecret.arn,
    redisSecretArn: redisSecret.arn,
    database,
    cache,
    bucket,
    address,
    loadBalancer,
    service,
    recoveryZones: place.recoveryRegion === undefined ? null : await findRecoveryZones(place.recoveryRegion, database),
    notes: [
      ...(database.status === 'missing' ? [] : await madeBy(region, database.value.tags)),
      ...databaseNotes,
      ...(proxy.status === 'missing'
        ? []
        : [
            `The server reaches the database through the proxy ${proxy.value}; a recovered server is given the database.`,
          ]),
      ...bucket.notes,
      ...address.notes,
      ...distributionNotes,
      ...secretNote(parameters.secretNames),
    ],
  };
}

function secretNote(names: readonly string[]): string[] {
  return names.length === 0
    ? []
    : [
        `Secret parameters, whose values are not read: ${names.join(', ')}. A server in the recovery region needs them too: pulumi config set --secret --path medplum-dr:secrets.${names[0] ?? ''} (and so on).`,
      ];
}
