import * as wafv2 from '@pulumi/aws/wafv2';
import * as pulumi from '@pulumi/pulumi';
import type { AwsConfig } from './config';
import { siteName } from './site-name';
import { tagsOf, type AwsContext } from './standing-arns';

/** AWS's own rule groups that know nothing of the application; a Binary is larger than the common rules let pass. */
const GROUPS = [
  { name: 'AWSManagedRulesAmazonIpReputationList', allowed: [] },
  { name: 'AWSManagedRulesCommonRuleSet', allowed: ['SizeRestrictions_BODY'] },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', allowed: [] },
] as const;

/** Web firewall before the load balancer of one site. */
export class WebFirewall extends pulumi.ComponentResource {
  constructor(
    name: string,
    args: {
      readonly config: AwsConfig;
      readonly context: AwsContext;
      readonly loadBalancerArn: pulumi.Input<string>;
      readonly provider: pulumi.ProviderResource;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:WebFirewall', name, {}, options);
    const { config, context, provider } = args;
    const child = { parent: this, provider };
    const visible = (metricName: string): wafv2.WebAclArgs['visibilityConfig'] => ({
      cloudwatchMetricsEnabled: true,
      metricName,
      sampledRequestsEnabled: true,
    });
    const acl = new wafv2.WebAcl(
      `${name}-acl`,
      {
        name: siteName(config, context, 100),
        scope: 'REGIONAL',
        defaultAction: { allow: {} },
        rules: GROUPS.map((group, priority) => ({
          name: group.name,
          priority,
          overrideAction: { none: {} },
          statement: {
            managedRuleGroupStatement: {
              vendorName: 'AWS',
              name: group.name,
              ruleActionOverrides: group.allowed.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
            },
          },
          visibilityConfig: visible(group.name),
        })),
        visibilityConfig: visible(siteName(config, context, 100)),
        tags: tagsOf(config, context),
      },
      child
    );
    new wafv2.WebAclAssociation(
      `${name}-association`,
      { webAclArn: acl.arn, resourceArn: args.loadBalancerArn },
      child
    );
    this.registerOutputs({});
  }
}
