import { z } from 'zod';
import { commonSchema } from '../config';
import { checkRegions, checkTraffic, frontSchema, regionsSchema } from './config-checks';
import { arnSchema, databaseSchema, existingSchema, loadBalancerSchema, siteSchema } from './config-parts';
import { durationSchema } from '../duration';
import { continuousDays, isBackupRhythm } from './backup-schedule';

export type AwsSite = z.infer<typeof siteSchema>;

/** Config of a stack on AWS. Roles: `primary` (home, and the front), `standby` (what stands ready), `recovery`. */
export const awsSchema = commonSchema
  .extend({
    platform: z.literal('aws'),
    source: z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('managed') }), existingSchema]).default({
      kind: 'managed',
    }),
    /** Name of the environment. Default: that of the primary's stack; a standby's is `<environment>-standby`. */
    environment: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,19}$/, 'must be at most 20 lower-case letters, digits and dashes: it is part of names')
      .optional(),
    site: siteSchema,
    recoverySite: siteSchema.optional(),
    /** In an S3 bucket: a folder of one machine is lost to all others, and a bucket at home is lost with home. */
    control: z
      .string('is missing; set it to an S3 address in the recovery region: s3://bucket/prefix?region=eu-west-1')
      .regex(/^s3:\/\/[^?]+\?(.*&)?region=[a-z0-9-]+/, 'must be s3://bucket/prefix?region=…, in the recovery region'),
    /** What stands in the recovery region and has no name to be told from config; the driver asks that region for it. */
    standing: z
      .strictObject({
        keyArn: arnSchema,
        /** In every strategy but backup-restore, whose load balancer is made on the day. */
        loadBalancer: loadBalancerSchema.optional(),
      })
      .optional(),
    images: z
      .strictObject({
        /** `existing`: the repository of `site.image` is there already. Registries that are not ECR are left alone. */
        repository: z.enum(['managed', 'existing']).default('managed'),
        /** Replicate home's registry. A registry has one set of such rules: this overwrites what is there. */
        replicateRegistry: z.boolean().default(false),
      })
      .default({ repository: 'managed', replicateRegistry: false }),
    database: databaseSchema,
    cache: z
      .strictObject({
        nodeType: z
          .string()
          .regex(/^cache\./)
          .default('cache.t4g.small'),
        nodes: z.int().min(1).default(2),
      })
      .default({ nodeType: 'cache.t4g.small', nodes: 2 }),
    application: commonSchema.shape.application
      .extend({
        cpu: z.int().default(1024),
        memory: z.int().default(2048),
        count: z.strictObject({ min: z.int().min(0), max: z.int().min(1) }).default({ min: 2, max: 10 }),
        /** Further settings of Medplum by its own names (appBaseUrl, storageBaseUrl…): parameters under `site.configPath`. */
        settings: z.record(z.string().regex(/^[A-Za-z][\w.]*$/), z.string().min(1)).default({}),
        /** Authorities that RDS certificates are signed by (PEM). Without them the connection is encrypted, not proven. */
        databaseCertificates: z.string().startsWith('-----BEGIN CERTIFICATE-----').optional(),
        /** Further environment of the server; Medplum reads its config from `site.configPath`. */
        environment: z.record(z.string(), z.string()).default({}),
        webAcl: z.boolean().default(false),
      })
      .strict(),
    objectStorage: z
      .strictObject({
        /** S3 Replication Time Control: 99.99 % within 15 minutes, for a price. */
        replicationTimeControl: z.boolean().default(false),
        /** False for the first `up` of a primary only: S3 refuses a replication rule to a bucket that is not made yet. */
        replicaStands: z.boolean().default(true),
      })
      .default({ replicationTimeControl: false, replicaStands: true }),
    backup: z
      .strictObject({
        /** How often a backup is copied to the recovery region: the RPO of a lost region under backup-restore. */
        every: durationSchema
          .refine(isBackupRhythm, 'must be 1h, 2h, 3h, 4h, 6h, 8h, 12h or 24h: AWS Backup keeps no other rhythm')
          .default(3600),
        keepDays: z.int().min(1).default(35),
        /** Vault lock in governance mode: nobody but an administrator deletes points that are younger. */
        lockDays: z.int().min(1).optional(),
      })
      .refine(({ keepDays, lockDays = 0 }) => lockDays <= continuousDays(keepDays), {
        path: ['lockDays'],
        error: 'must not be more than keepDays, nor 35: a locked vault refuses points that are kept for less',
      })
      .default({ every: 3600, keepDays: 35 }),
    traffic: commonSchema.shape.traffic
      .extend({
        hostedZoneId: z.string().min(1),
        /** `failover` flips by a health check on a metric of the recovery region: no control plane elsewhere is needed. */
        mode: z.enum(['record', 'failover']).default('record'),
        /** DNS name of the standing load balancer, as the standby stack's `siteEndpoint` tells it; for mode `failover`. */
        standbyAddress: z.string().min(1).optional(),
      })
      .strict(),
    monitoring: z.strictObject({ alarmTopicArn: arnSchema.optional(), email: z.email().optional() }).default({}),
  })
  .superRefine(checkRegions, { when: ({ value }) => regionsSchema.safeParse(value).success })
  .superRefine(checkTraffic, { when: ({ value }) => frontSchema.safeParse(value).success });
export type AwsConfig = z.infer<typeof awsSchema>;

/**
 * Names of what stands in a region, the same in every run: a recovery finds what was made ahead without asking the
 * lost region's state for it.
 */
export interface StandingNames {
  readonly prefix: string;
  readonly vault: string;
  readonly keyAlias: string;
  readonly databaseSubnetGroup: string;
  readonly databaseParameterGroup: string;
  readonly cacheSubnetGroup: string;
  readonly logGroup: string;
}

/** @param environment name of the environment, not of the stack. */
export function standingNames(environment: string): StandingNames {
  const prefix = `medplum-dr-${environment}`;
  return {
    prefix,
    vault: prefix,
    keyAlias: `alias/${prefix}`,
    databaseSubnetGroup: prefix,
    databaseParameterGroup: prefix,
    cacheSubnetGroup: prefix,
    logGroup: `/medplum-dr/${environment}`,
  };
}

/** Top-level and nested key names, for "did you mean". */
export const awsKeys: readonly string[] = [
  ...Object.keys(awsSchema.shape),
  ...Object.keys(siteSchema.shape),
  ...Object.keys(existingSchema.shape),
  ...Object.values(awsSchema.shape).flatMap((schema) => {
    const inner = schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? schema.unwrap() : schema;
    return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
  }),
];
