import { z } from 'zod';

/*
 * What no single key of the config can be wrong about. Each check reads what it needs loosely: problems elsewhere are no
 * reason to keep one back.
 */

const placeSchema = z.object({ name: z.string(), region: z.string(), bucket: z.string() });

export const regionsSchema = z.object({
  role: z.string().default('primary'),
  site: placeSchema,
  recoverySite: placeSchema.optional(),
  control: z.string(),
});

export function checkRegions(
  { role, site, recoverySite, control }: z.infer<typeof regionsSchema>,
  context: z.RefinementCtx
): void {
  const problem = (path: string[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  for (const key of ['name', 'region', 'bucket'] as const) {
    if (site[key] === recoverySite?.[key]) {
      problem(['recoverySite', key], `is the other site's own ("${site[key]}"); what is lost there must stand here`);
    }
  }
  const home = role === 'primary' ? site : recoverySite;
  const isElsewhere = home === undefined || new URLSearchParams(control.split('?')[1]).get('region') !== home.region;
  if (!isElsewhere && recoverySite !== undefined) {
    problem(['control'], `lies in ${home.region}, the region that a recovery is made for; use the recovery region`);
  }
  if (role === 'standby' && recoverySite === undefined) {
    problem(['recoverySite'], 'is missing; in a standby stack it is the site of the primary');
  }
}

export const frontSchema = z.object({
  role: z.string().default('primary'),
  strategy: z.string().default('backup-restore'),
  recoverySite: z.unknown().optional(),
  traffic: z.object({ name: z.string(), mode: z.string().default('record'), standbyAddress: z.string().optional() }),
  application: z.object({ baseUrl: z.url() }),
  standing: z.object({ loadBalancer: z.unknown().optional() }).optional(),
  restore: z.object({ source: z.record(z.string(), z.unknown()) }).optional(),
});

export function checkTraffic(config: z.infer<typeof frontSchema>, context: z.RefinementCtx): void {
  const { role, strategy, recoverySite, traffic, standing, restore } = config;
  const problem = (path: string[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  const { protocol, hostname } = new URL(config.application.baseUrl);
  if (protocol !== 'https:') {
    problem(['application', 'baseUrl'], 'must begin with https://: the load balancer serves nothing else');
  }
  if (hostname !== traffic.name) {
    problem(['application', 'baseUrl'], `does not use the name ${traffic.name} of traffic.name`);
  }
  if (traffic.mode === 'failover' && role === 'primary') {
    if (strategy === 'backup-restore' || recoverySite === undefined) {
      const why = 'failover needs a load balancer that stands in the recovery region: not with backup-restore';
      problem(['traffic', 'mode'], why);
    } else if (traffic.standbyAddress === undefined) {
      const how = 'is missing; use mode record until the standby stack stands, then put its siteEndpoint here';
      problem(['traffic', 'standbyAddress'], how);
    }
  }
  if (role === 'recovery' && standing === undefined) {
    problem(['standing'], 'is missing; the driver writes what it found standing in the recovery region');
  } else if (restore?.source['kind'] === 'replica' && standing?.loadBalancer === undefined) {
    problem(['standing', 'loadBalancer'], 'is missing; it stands beside the replica, and the driver finds it');
  }
}
