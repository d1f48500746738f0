import { z } from 'zod';
import type { Restore } from '../config';
import { describeProblems } from '../config';
import { OperatorError } from '../errors';
import type { AwsConfig } from './config';

/** Name and owner of Medplum's database, as Medplum's CDK sets them: managed and existing environments look alike. */
export const DATABASE_NAME = 'medplum';
export const DATABASE_USERNAME = 'clusteradmin';

/** What a restore brings along and does not tell by itself. */
const restoredDatabase = {
  /** Engine version of the source: restoring to a lower one is refused by RDS, a higher one upgrades on the day. */
  engineVersion: z.string().regex(/^\d+(\.\d+)?$/, 'must be an engine version such as 16.6'),
  databaseName: z.string().min(1).default(DATABASE_NAME),
  /** Aurora: how many instances stand now. One is the quickest; the driver adds readers once traffic has moved. */
  instances: z.int().min(1).max(15).default(1),
};

/** An RDS instance keeps the encryption of its source; Aurora takes the site's key in any case. */
const encryption = {
  encrypted: z.boolean().default(true),
  /** Key of the source in this region. Default: the site's, which copies and replicated backups are encrypted with. */
  kmsKeyArn: z.string().startsWith('arn:').optional(),
};

const restoreTimeSchema = z.union([z.literal('latest'), z.iso.datetime()]);

/**
 * `restore.source` of a recovery stack on AWS, written by the driver.
 *
 * - `snapshot`: a snapshot in this region. A recovery point of AWS Backup is one too: its ARN goes here.
 * - `point-in-time`: the log of a database of this region, living or deleted.
 * - `automated-backup`: the replicated log of an RDS instance in another region.
 * - `replica`: what stands here already and is promoted by the driver; the stack makes no database.
 */
export const databaseSourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('snapshot'),
    arn: z
      .string()
      .regex(
        /^arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:(cluster-)?snapshot:.+$/,
        'must be the ARN of a snapshot, or of an AWS Backup point of a database'
      ),
    ...encryption,
    ...restoredDatabase,
  }),
  z.strictObject({
    kind: z.literal('point-in-time'),
    /** `resourceId` reaches a database that was deleted and left its automated backups. */
    of: z.union([
      z.strictObject({ identifier: z.string().min(1) }),
      z.strictObject({ resourceId: z.string().regex(/^(cluster|db)-/) }),
    ]),
    restoreTime: restoreTimeSchema,
    ...encryption,
    ...restoredDatabase,
  }),
  z.strictObject({
    kind: z.literal('automated-backup'),
    arn: z.string().regex(/^arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:auto-backup:.+$/, 'must be the ARN of an auto-backup'),
    restoreTime: restoreTimeSchema,
    ...encryption,
    ...restoredDatabase,
  }),
  z.strictObject({
    kind: z.literal('replica'),
    /** Identifier of the standing cluster or instance in this region. */
    identifier: z.string().min(1),
    /** Its endpoint for writes. */
    host: z.string().min(1),
    username: z.string().min(1).default(DATABASE_USERNAME),
    ...restoredDatabase,
  }),
]);
export type DatabaseSource = z.infer<typeof databaseSourceSchema>;

/** What a new database is restored from. */
export type RestoredSource = Exclude<DatabaseSource, { kind: 'replica' }>;

/**
 * @returns undefined for a stack that restores nothing.
 * @throws OperatorError with every problem of the source, also one that only AWS would find, hours later.
 */
export function databaseSource(config: AwsConfig, restore: Restore | undefined): DatabaseSource | undefined {
  if (restore === undefined) {
    return undefined;
  }
  const parsed = databaseSourceSchema.safeParse(restore.source);
  const problems = parsed.success ? mismatches(config, parsed.data) : describeProblems(parsed.error);
  if (!parsed.success || problems.length > 0) {
    throw new OperatorError('bad-input', 'The restore source is not one that a database can be restored from.', {
      hint: 'Choose a recovery point with "medplum-dr points"; the driver writes its source.',
      problems,
    });
  }
  return parsed.data;
}

function mismatches({ database, site }: AwsConfig, source: DatabaseSource): string[] {
  const { engine } = database;
  if (source.kind === 'replica' || source.kind === 'point-in-time') {
    return [];
  }
  const [, , , region, , type] = source.arn.split(':');
  const wanted = engine === 'aurora' ? 'cluster-snapshot' : source.kind === 'snapshot' ? 'snapshot' : 'auto-backup';
  return [
    ...(region === site.region ? [] : [`${source.arn} is not in ${site.region}: copy it there first`]),
    ...(type === wanted ? [] : [`${source.arn} cannot become a database of the engine "${engine}"`]),
  ];
}
