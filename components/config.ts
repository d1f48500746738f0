import { z } from 'zod';
import { durationOrZeroSchema, durationSchema } from './duration';

/** The platforms of the design. Those without a folder under `components/` are refused by name, never replaced. */
export const PLATFORMS = ['aws', 'gcp', 'azure', 'kubernetes', 'local'] as const;
export type PlatformName = (typeof PLATFORMS)[number];

export const STRATEGIES = ['backup-restore', 'pilot-light', 'warm-standby', 'hot-standby'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const ROLES = ['primary', 'standby', 'recovery'] as const;
export type Role = (typeof ROLES)[number];

/** Where a site answers: what a DNS record or a load balancer points at. */
export const endpointSchema = z.strictObject({
  address: z.string().min(1),
  port: z.int().min(1).max(65535),
});
export type Endpoint = z.infer<typeof endpointSchema>;

/**
 * The site that serves the environment, written into the primary stack's config by a cutover.
 * `generation` grows by one with each cutover; a record is never set back to a lower one.
 */
export const activeEndpointSchema = endpointSchema.extend({
  site: z.string().min(1),
  stack: z.string().min(1),
  recoveryId: z.string().min(1),
  generation: z.int().min(1),
  since: z.iso.datetime(),
  /** Address that the record must hold when this cutover is made: a change by somebody else is not written over. */
  replaces: z.string().nullable().default(null),
});
export type ActiveEndpoint = z.infer<typeof activeEndpointSchema>;

/** What a recovery stack is restored from. `source` is the platform's own and is read by its components only. */
export const restoreSchema = z.strictObject({
  recoveryId: z.string().min(1),
  recoveryPoint: z.string().min(1),
  source: z.record(z.string(), z.unknown()),
  /** Fencing number of the run that made the stack: cutovers up to it are no reason for the site to fence itself. */
  generation: z.int().min(0).default(0),
});
export type Restore = z.infer<typeof restoreSchema>;

const secretValueSchema = z.union([z.string(), z.strictObject({ secure: z.string() })]);

/** The part of stack config that every platform has. A platform's own schema extends it. */
export const commonSchema = z.strictObject({
  platform: z.enum(PLATFORMS),
  role: z.enum(ROLES).default('primary'),
  strategy: z.enum(STRATEGIES).default('backup-restore'),
  objectives: z.strictObject({ rto: durationSchema, rpo: durationSchema }),
  application: z.looseObject({
    /** Public address of the API, with a trailing slash. Tokens carry it as issuer: it never changes in a recovery. */
    baseUrl: z.url({ protocol: /^https?$/ }).regex(/\/$/, 'must end with a slash, as Medplum joins paths to it'),
    /** Medplum server version, pinned: a recovery starts exactly the version that wrote the data. */
    version: z
      .string()
      .regex(/^\d+\.\d+\.\d+(-[\w.]+)?$/, 'must be a version such as 5.0.10; "latest" cannot be recovered to'),
    startTimeout: durationSchema.default(120),
  }),
  traffic: z.looseObject({
    /** The DNS name that clients use. */
    name: z.string().min(1),
    ttl: durationSchema.default(60),
  }),
  /** Values for the environment's secret store; set with `pulumi config set --secret --path medplum-dr:secrets.NAME`. */
  secrets: z.record(z.string(), secretValueSchema).default({}),
  /** Where journals and locks lie: a folder, or `s3://bucket/prefix?region=…`. Outside both sites by default. */
  control: z.string().min(1).optional(),
  recovery: z
    .strictObject({
      /** After a switchover: how long `rollback` is possible. */
      commitAfter: durationOrZeroSchema.default(600),
      /** A step that makes no progress for so long fails. */
      stallAfter: durationSchema.default(600),
    })
    .default({ commitAfter: 600, stallAfter: 600 }),
  activeEndpoint: activeEndpointSchema.optional(),
  /**
   * Start this site although traffic leads elsewhere since the cutover of this number; there only while a rollback or an
   * abort brings the site back.
   */
  startDespite: z.strictObject({ generation: z.int().min(0) }).optional(),
  /** The site of this primary stack is gone for good; the stack stays the environment's front, with its traffic layer. */
  siteRemoved: z.strictObject({ at: z.iso.datetime() }).optional(),
  /** Set on the copy that a drill makes: it must not reach anything outside itself. */
  quarantine: z.strictObject({ drill: z.string().min(1) }).optional(),
  restore: restoreSchema.optional(),
});
export type CommonConfig = z.infer<typeof commonSchema>;

/** Every problem of a config as one line each, with the key as the operator wrote it. */
export function describeProblems(error: z.ZodError, knownKeys: readonly string[] = []): string[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code !== 'unrecognized_keys') {
      const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
      return [`medplum-dr:${path}: ${isMissing ? `is missing; ${issue.expected} expected` : issue.message}`];
    }
    return issue.keys.map((key) => {
      const full = path === '' ? key : `${path}.${key}`;
      const meant = closest(key, knownKeys);
      return `medplum-dr:${full}: unknown key${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
    });
  });
}

/** The known word within two edits of what was written. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= 2 ? best.candidate : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min((previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
