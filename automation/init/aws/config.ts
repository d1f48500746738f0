import type { Section } from '../document';
import { derive, found, missing, proposed, type Finding } from '../finding';
import type { DatabaseFacts } from './database-facts';
import type { AwsPlace, Discovery } from './discover';
import { recoverySite } from './recovery-site';

/** The config of an existing environment as `components/aws/config.ts` reads it, with the origin of each value. */
export function configOf(environment: string, place: AwsPlace, discovery: Discovery): Section {
  const { bucket, address, loadBalancer, service } = discovery;
  const configPath = found(place.configPath, '--config-path');
  return {
    platform: found('aws', 'the command'),
    role: found('primary', 'the command'),
    strategy: proposed('backup-restore', 'the cheapest; pilot-light, warm-standby and hot-standby are faster'),
    objectives: {
      rto: proposed('4h', 'yours to decide: reports measure against it'),
      rpo: proposed('2h', 'yours to decide: backups are copied each hour, and a copy takes its time'),
    },
    control: missing(
      'a bucket for journals and locks is yours to choose',
      'It must lie outside the home region; make it in the recovery region, with versions.',
      `s3://<bucket>/medplum-dr?region=${place.recoveryRegion ?? '<eu-central-1>'}`
    ),
    source: {
      kind: found('existing', 'the command'),
      database: identity(discovery.database),
      bucket: bucket.name,
      bucketReplicates: bucket.replicates,
      databaseSecretArn: discovery.databaseSecretArn,
      redisSecretArn: discovery.redisSecretArn,
      configPath,
      loadBalancer: { dnsName: loadBalancer.dnsName, hostedZoneId: loadBalancer.hostedZoneId },
      takeOverRecord: proposed(false, 'true lets a cutover move the record; what made it then still owns it too'),
    },
    site: {
      name: proposed(place.region, 'any name does'),
      region: found(place.region, '--region'),
      network: { availabilityZones: loadBalancer.availabilityZones },
      bucket: bucket.name,
      certificateArn: loadBalancer.certificateArn,
      image: service.image,
      configPath,
    },
    recoverySite: recoverySite(environment, place, discovery),
    database: size(discovery.database),
    cache:
      discovery.cache.status === 'missing'
        ? { ...discovery.cache, example: { nodeType: 'cache.t4g.small', nodes: 2 } }
        : {
            nodeType: derive(discovery.cache, (cache) => cache.nodeType),
            nodes: derive(discovery.cache, (cache) => cache.nodes),
          },
    application: {
      baseUrl: derive(discovery.baseUrl, (url) => url, '<https://api.example.com/>'),
      version: discovery.version,
      cpu: service.cpu,
      memory: service.memory,
      count:
        service.desiredCount.status === 'missing'
          ? { ...service.desiredCount, example: { min: 2, max: 10 } }
          : {
              min: service.desiredCount,
              max: proposed(Math.max(service.desiredCount.value, 10), 'how far a recovered site may scale'),
            },
      ...(Object.keys(discovery.settings).length === 0 ? {} : { settings: discovery.settings }),
    },
    traffic: {
      name: address.name,
      hostedZoneId: address.hostedZoneId,
      ttl: proposed('60s', 'clients ask anew so often'),
      mode: proposed('record', 'failover needs no control plane elsewhere on the day'),
    },
  };
}

/** Which database it is. */
function identity(database: Finding<DatabaseFacts>): Section | Finding {
  if (database.status === 'missing') {
    const example = { engine: 'aurora', clusterIdentifier: '<fill in>', clusterArn: '<arn:aws:rds:…>' };
    return { ...database, example };
  }
  const name = database.value.engine === 'aurora' ? 'cluster' : 'instance';
  return {
    engine: derive(database, ({ engine }) => engine),
    [`${name}Identifier`]: derive(database, ({ identifier }) => identifier),
    [`${name}Arn`]: derive(database, ({ arn }) => arn),
  };
}

/** What a recovered one is made with. */
function size(database: Finding<DatabaseFacts>): Section | Finding {
  if (database.status === 'missing') {
    const example = { engine: 'aurora', version: '<16.6>', instanceClass: 'db.r6g.large', instances: 2 };
    return { ...database, example };
  }
  const { engine, instanceClass, instances, storageGigabytes, multiAz } = database.value;
  const common = {
    engine: derive(database, (facts) => facts.engine),
    version: derive(database, (facts) => facts.version),
    instanceClass: derive(instanceClass, (value) => value, engine === 'aurora' ? 'db.r6g.large' : 'db.m6g.large'),
  };
  if (engine === 'aurora') {
    return { ...common, instances: derive(instances, (count) => count, 2) };
  }
  const unknown = (example: number | boolean): Finding =>
    missing('DescribeDBInstances left it out', 'Look it up.', example);
  return {
    ...common,
    storageGigabytes: storageGigabytes === undefined ? unknown(100) : derive(database, () => storageGigabytes),
    multiAz: multiAz === undefined ? unknown(true) : derive(database, () => multiAz),
  };
}
