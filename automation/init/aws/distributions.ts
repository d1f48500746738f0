import type { DistributionSummary } from '@aws-sdk/client-cloudfront';
import type { Finding } from '../finding';
import { ask, clientOptions } from './ask';

/**
 * What serves the web app and the Binaries to browsers, as sentences: no config names a distribution, and a recovery has
 * to reach the bucket behind it.
 */
export async function describeDistributions(
  region: string,
  urls: readonly { readonly parameter: string; readonly value: Finding<string> }[]
): Promise<readonly string[]> {
  const hosts = urls.flatMap(({ parameter, value }) =>
    value.status !== 'missing' && URL.canParse(value.value) ? [{ parameter, host: new URL(value.value).hostname }] : []
  );
  if (hosts.length === 0) {
    return [];
  }
  const { CloudFrontClient, paginateListDistributions, GetDistributionConfigCommand } =
    await import('@aws-sdk/client-cloudfront');
  const client = new CloudFrontClient(clientOptions(region));
  const all = await ask('cloudfront:ListDistributions', async () => {
    const found: DistributionSummary[] = [];
    for await (const page of paginateListDistributions({ client }, {}))
      found.push(...(page.DistributionList?.Items ?? []));
    return found;
  });
  if ('failed' in all) {
    return [`Not checked what serves ${hosts.map(({ host }) => host).join(' and ')}: ${all.failed}.`];
  }
  const notes: string[] = [];
  for (const { parameter, host } of hosts) {
    const id = all.value.find((each) => each.Aliases?.Items?.includes(host) === true)?.Id;
    if (id === undefined) {
      notes.push(`${host} (${parameter}) is no alias of a CloudFront distribution of this account.`);
      continue;
    }
    const config = await ask('cloudfront:GetDistributionConfig', () =>
      client.send(new GetDistributionConfigCommand({ Id: id }))
    );
    if ('failed' in config) {
      notes.push(`${host} (${parameter}) is served by distribution ${id}; its origin is not known: ${config.failed}.`);
      continue;
    }
    const { Origins, DefaultCacheBehavior } = config.value.DistributionConfig ?? {};
    const origins = (Origins?.Items ?? []).map((origin) => origin.DomainName ?? '').join(', ');
    const keys = DefaultCacheBehavior?.TrustedKeyGroups?.Items ?? [];
    notes.push(
      `${host} (${parameter}) is served by distribution ${id} from ${origins}${keys.length === 0 ? '' : `, signed with key group ${keys.join(', ')}`}.`
    );
  }
  return notes;
}
