import type { AwsSite } from './config';

export interface ImageRepository {
  readonly name: string;
  readonly arn: string;
}

/** Repository of the site's image in ECR; null for an image of another registry. */
export function imageRepository({ image }: AwsSite): ImageRepository | null {
  const match = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^@:]+)/.exec(image);
  const [, account, region, name] = match ?? [];
  if (account === undefined || region === undefined || name === undefined) {
    return null;
  }
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return { name, arn: `arn:${partition}:ecr:${region}:${account}:repository/${name}` };
}
