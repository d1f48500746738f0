import path from 'node:path';
import { z } from 'zod';
import { commonSchema, restoreSchema } from '../config';
import { durationSchema } from '../duration';

const portSchema = z.int().min(1024, 'must be 1024 or above').max(65535);
const loopbackSchema = z.ipv4().regex(/^127\./, 'must be a loopback address (127.x.x.x)');

/** One site of the local platform: a folder, a loopback address clients reach it at, and ports for its processes. */
const siteSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes'),
  folder: z.string().min(1),
  address: loopbackSchema,
  ports: z
    .strictObject({ database: portSchema, cache: portSchema, application: portSchema })
    .refine((ports) => new Set(Object.values(ports)).size === 3, 'must be three different ports'),
});
export type LocalSite = z.infer<typeof siteSchema>;

const applicationSchema = commonSchema.shape.application.extend({
  /** Program and arguments of the Medplum server; the stand-in of this package when absent. */
  command: z.array(z.string().min(1)).min(1).optional(),
  folder: z.string().min(1).optional(),
  /** Further environment of the server, beside the MEDPLUM_* settings that the site gives it. */
  environment: z.record(z.string(), z.string()).default({}),
  /** Environment variables that take their value from the secret store: variable to secret name. */
  secretEnvironment: z.record(z.string(), z.string()).default({}),
});

/** What the public address is held against, read loosely: problems elsewhere are no reason to keep one back. */
const publicAddressSchema = z.object({
  application: z.object({ baseUrl: z.url() }),
  traffic: z.object({ name: z.string(), port: z.number() }),
});

function checkPublicAddress(
  { application, traffic }: z.infer<typeof publicAddressSchema>,
  context: z.RefinementCtx
): void {
  const { port, hostname } = new URL(application.baseUrl);
  const key = ['application', 'baseUrl'];
  if (port !== String(traffic.port)) {
    const message = `has port ${port === '' ? '(none)' : port}, but traffic.port is ${traffic.port}`;
    context.addIssue({ code: 'custom', path: key, message });
  }
  if (hostname !== traffic.name) {
    context.addIssue({ code: 'custom', path: key, message: `does not use the name ${traffic.name} of traffic.name` });
  }
}

/** What the sites of an environment are told apart by, read as loosely. */
const placeSchema = z.object({ name: z.string(), folder: z.string(), address: z.string() });
const placesSchema = z.object({
  site: placeSchema,
  recoverySite: placeSchema.optional(),
  outside: z.object({ folder: z.string() }).optional(),
});

/** Whether a folder is another or lies below it. */
function liesIn(folder: string, other: string): boolean {
  const way = path.relative(path.resolve(other), path.resolve(folder));
  return way === '' || (!way.startsWith('..') && !path.isAbsolute(way));
}

function checkPlaces({ site, recoverySite, outside }: z.infer<typeof placesSchema>, context: z.RefinementCtx): void {
  if (outside !== undefined && liesIn(outside.folder, site.folder)) {
    const message = `lies in the folder of site ${site.name}, and would be lost with it`;
    context.addIssue({ code: 'custom', path: ['outside', 'folder'], message });
  }
  if (recoverySite === undefined) {
    return;
  }
  for (const key of ['name', 'folder', 'address'] as const) {
    const isSame =
      key === 'folder'
        ? path.resolve(site.folder) === path.resolve(recoverySite.folder)
        : site[key] === recoverySite[key];
    if (isSame) {
      context.addIssue({
        code: 'custom',
        path: ['recoverySite', key],
        message: `is the primary site's own ("${site[key]}"); a recovery site must be another one`,
      });
    } else if (key === 'folder' && liesIn(recoverySite.folder, site.folder)) {
      const message = 'lies in the folder of the primary site, and would be lost with it';
      context.addIssue({ code: 'custom', path: ['recoverySite', key], message });
    }
  }
}

/** Config of a stack on the local platform. */
export const localSchema = commonSchema
  .extend({
    platform: z.literal('local'),
    site: siteSchema,
    recoverySite: siteSchema.optional(),
    /** What lies outside both sites: state, journal, name server, keys, monitoring. */
    outside: z.strictObject({ folder: z.string().min(1) }),
    /** The copies that a recovery starts from lie where the stack they are of was protected: the source names the place. */
    restore: restoreSchema.extend({ source: z.looseObject({ replica: z.string().min(1) }) }).optional(),
    application: applicationSchema.strict(),
    traffic: commonSchema.shape.traffic
      .extend({ port: portSchema, dns: z.strictObject({ address: loopbackSchema, port: portSchema }) })
      .strict(),
    backup: z
      .strictObject({
        baseEvery: durationSchema.default(3600),
        markEvery: durationSchema.default(10),
        /** The log is shipped at the latest after this long: the bound of what a lost site can lose. */
        walEvery: durationSchema.default(5),
        keep: z.int().min(1).default(2),
      })
      .default({ baseEvery: 3600, markEvery: 10, walEvery: 5, keep: 2 }),
    monitoring: z
      .strictObject({
        interval: durationSchema.default(1),
        /** Failed probes in a row that make an outage. */
        failures: z.int().min(1).default(3),
        webhook: z.url().optional(),
      })
      .default({ interval: 1, failures: 3 }),
  })
  .superRefine(checkPublicAddress, { when: ({ value }) => publicAddressSchema.safeParse(value).success })
  .superRefine(checkPlaces, { when: ({ value }) => placesSchema.safeParse(value).success });
export type LocalConfig = z.infer<typeof localSchema>;

/** Top-level and nested key names, for "did you mean". */
export const localKeys: readonly string[] = [
  ...Object.keys(localSchema.shape),
  ...Object.keys(siteSchema.shape),
  ...Object.keys(applicationSchema.shape),
  'database',
  'cache',
  'rto',
  'rpo',
  'name',
  'ttl',
  'port',
  'dns',
  'baseEvery',
  'markEvery',
  'walEvery',
  'keep',
  'interval',
  'failures',
  'webhook',
];

/**
 * Folders of a stack at a site. `live` is the stack's own; `replica` holds what the stack ships here from its own site,
 * beside what other stacks ship here.
 */
export interface SiteFolders {
  readonly root: string;
  readonly live: string;
  readonly replica: string;
  readonly logs: string;
}

export function siteFolders(projectDirectory: string, site: LocalSite, stack: string): SiteFolders {
  const root = path.resolve(projectDirectory, site.folder);
  const live = path.join(root, stack);
  return { root, live, replica: path.join(root, 'replica', stack), logs: path.join(live, 'logs') };
}

/** Folders outside both sites. */
export interface OutsideFolders {
  readonly root: string;
  readonly secretsKey: string;
  readonly zoneFile: string;
  readonly monitoring: string;
  readonly logs: string;
}

export function outsideFolders(projectDirectory: string, config: LocalConfig): OutsideFolders {
  const root = path.resolve(projectDirectory, config.outside.folder);
  return {
    root,
    secretsKey: path.join(root, 'keys', 'secrets.key'),
    zoneFile: path.join(root, 'dns', 'zone.json'),
    monitoring: path.join(root, 'monitoring'),
    logs: path.join(root, 'logs'),
  };
}
