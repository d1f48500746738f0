import type * as pulumi from '@pulumi/pulumi';
import type { PartialSiteArgs } from '../layers';
import type { AwsConfig } from './config';
import type { SiteBase } from './site-base';
import type { AwsContext } from './standing-arns';

export interface AwsPartialSiteArgs extends PartialSiteArgs {
  readonly config: AwsConfig;
  readonly context: AwsContext;
  readonly base: SiteBase;
  /** Of the site's region. */
  readonly provider: pulumi.ProviderResource;
}
