import { z } from 'zod';

/* Parts of a stack's config, each told by itself: sites, databases, and what is there already. */

const regionSchema = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be a region such as eu-west-1');
export const arnSchema = z.string().regex(/^arn:aws[a-z-]*:/, 'must be an ARN');
const bucketSchema = z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket');
/** Pinned: a tag may mean another server on the day. */
const imageSchema = z
  .string()
  .regex(/@sha256:[0-9a-f]{64}$/, 'must be pinned by digest: repository@sha256:…; a tag can move');
/** Medplum's `aws:` config source reads every parameter below it. */
const configPathSchema = z.string().regex(/^\/[\w./-]*\/$/, 'must begin and end with a slash, such as /medplum/prod/');

/** A region as one site: what differs between the two. Zones are config: a program asks no region for its zones. */
export const siteSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'must be lower-case letters, digits and dashes'),
  region: regionSchema,
  network: z.strictObject({
    cidr: z
      .cidrv4()
      .refine((cidr) => Number(cidr.split('/')[1]) >= 16 && Number(cidr.split('/')[1]) <= 24, 'must be a /16 to /24')
      .default('10.20.0.0/16'),
    availabilityZones: z.array(z.string().min(1)).min(2, 'must be two zones at least').max(3),
  }),
  /** Name of the bucket for Binaries at this site; bucket names are global. */
  bucket: bucketSchema,
  /** Certificate of the API's domain in this region, issued and in use ahead of the day. */
  certificateArn: arnSchema,
  /** The server's image in a registry of this region. */
  image: imageSchema,
  configPath: configPathSchema,
});

export const databaseSchema = z.discriminatedUnion('engine', [
  z.strictObject({
    engine: z.literal('aurora'),
    version: z.string().regex(/^\d+\.\d+$/, 'must be an engine version such as 16.6'),
    instanceClass: z.string().regex(/^db\./).default('db.r6g.large'),
    instances: z.int().min(1).max(15).default(2),
  }),
  z.strictObject({
    engine: z.literal('rds'),
    version: z.string().regex(/^\d+(\.\d+)?$/),
    instanceClass: z.string().regex(/^db\./).default('db.m6g.large'),
    storageGigabytes: z.int().min(20).default(100),
    multiAz: z.boolean().default(true),
  }),
]);

export const loadBalancerSchema = z.strictObject({ dnsName: z.string().min(1), hostedZoneId: z.string().min(1) });

/** What is there already, made by Medplum's CDK, its Terraform or by hand. It is protected and never rebuilt. */
export const existingSchema = z.strictObject({
  kind: z.literal('existing'),
  database: z.discriminatedUnion('engine', [
    z.strictObject({ engine: z.literal('aurora'), clusterIdentifier: z.string().min(1), clusterArn: arnSchema }),
    z.strictObject({ engine: z.literal('rds'), instanceIdentifier: z.string().min(1), instanceArn: arnSchema }),
  ]),
  bucket: bucketSchema,
  /** Whether the bucket has replication rules of its own: a rule of ours would overwrite them. */
  bucketReplicates: z.boolean().default(false),
  databaseSecretArn: arnSchema,
  redisSecretArn: arnSchema.optional(),
  configPath: configPathSchema,
  loadBalancer: loadBalancerSchema,
  /**
   * Take over the record of `traffic.name`, so that a cutover can move it. What made it still owns it as well: its own
   * next deployment would point it back. Without this the record is not touched.
   */
  takeOverRecord: z.boolean().default(false),
});
