import type { Section } from '../document';
import { found, missing, proposed, type Finding } from '../finding';
import type { AwsPlace, Discovery } from './discover';

/** The other region: little of it is there to be found. */
export function recoverySite(environment: string, place: AwsPlace, discovery: Discovery): Section | Finding {
  const { recoveryRegion: region } = place;
  if (region === undefined || discovery.recoveryZones === null) {
    return missing(
      'no --recovery-region was given',
      'Without it nothing is protected against the loss of the region.',
      {
        name: '<eu-central-1>',
        region: '<eu-central-1>',
        network: { availabilityZones: ['<eu-central-1a>', '<eu-central-1b>'] },
        bucket: '<a bucket that there is not yet>',
        certificateArn: '<arn:aws:acm:…>',
        image: '<repository@sha256:…>',
        configPath: place.configPath,
      }
    );
  }
  const host = discovery.address.name.status === 'missing' ? '<name of the API>' : discovery.address.name.value;
  return {
    name: proposed(region, 'any name does'),
    region: found(region, '--recovery-region'),
    network: { availabilityZones: discovery.recoveryZones },
    bucket: bucketOf(discovery.bucket.name, region, environment),
    certificateArn: missing(
      `certificates of ${region} were not looked at`,
      `Give the one for ${host} there: aws acm list-certificates --region ${region}, or request-certificate --validation-method DNS`,
      `<arn:aws:acm:${region}:…>`
    ),
    image: imageOf(discovery.service.image, region),
    configPath: proposed(place.configPath, 'the same path, in the other region’s Parameter Store'),
  };
}

/** The standby stack makes it. Names of buckets are at most 63 characters long. */
function bucketOf(home: Finding<string>, region: string, environment: string): Finding<string> {
  const name = `${home.status === 'missing' ? `medplum-${environment}` : home.value}-${region}`;
  return name.length > 63
    ? missing(`${name} is too long for a bucket`, 'A name that no bucket in the world has yet.', '<bucket>')
    : proposed(name, 'the standby stack makes it; names of buckets are global');
}

/** An image of the home region's ECR is looked for in the other region's. */
function imageOf(home: Finding<string>, region: string): Finding<string> {
  if (home.status === 'missing') {
    return home;
  }
  const registry = /^(\d{12}\.dkr\.ecr\.)([a-z0-9-]+)(\.amazonaws\.com(?:\.cn)?\/.+)$/.exec(home.value);
  if (registry === null) {
    return proposed(home.value, 'the same; better a copy in ECR of that region, which no other registry can fail');
  }
  const [, before = '', , after = ''] = registry;
  return proposed(`${before}${region}${after}`, 'ECR has to replicate it there: only later pushes go by themselves');
}
