import * as pulumi from '@pulumi/pulumi';
import { OperatorError } from '../errors';
import type { DatabaseLayer } from '../layers';
import type { RestoredFrom } from '../restored-from';
import type { AwsConfig } from './config';
import { auroraDatabase } from './database-aurora';
import {
  closedGroup,
  parameterGroup,
  type AwsDatabaseArgs,
  type DatabasePlan,
  type MadeDatabase,
} from './database-plan';
import { rdsDatabase } from './database-rds';
import { databaseSafety } from './database-safety';
import { DATABASE_NAME, databaseSource, type DatabaseSource } from './database-source';
import { databaseArn, databaseIdentifier, tagsOf } from './standing-arns';

const PORT = 5432;

/**
 * Medplum's PostgreSQL on Aurora or RDS. What is made follows from role, strategy and restore source:
 *
 * | role | source | made |
 * |---|---|---|
 * | primary | - | a new database |
 * | standby, pilot-light | - | Aurora: secondary of the Global Database without instance; RDS: replica |
 * | standby, warm-standby | - | the same; Aurora with one instance |
 * | standby, hot-standby | - | the same in full size; RDS Multi-AZ |
 * | recovery | snapshot, point in time, automated backup | a new database with that data and this site's password |
 * | recovery | replica | what its Aurora secondary lacks of the instances asked for |
 *
 * A standby of backup-restore has no database, only `DatabaseParameters`.
 *
 * A restore source counts at creation only. Changing it or dropping `restore` never replaces a recovered database.
 * The provider sends a part of what is declared with the update after a restore only (an instance's retention and
 * insights after a point in time), so the driver makes one more when the site serves.
 *
 * A `fenced` database keeps everything and takes no connection: it stands behind a security group without a rule.
 * Connections that are open already are ended by stopping the application, not by this. A replica that was promoted is
 * fenced in the stack that owns it, or by the driver.
 */
export class Database extends pulumi.ComponentResource implements DatabaseLayer {
  readonly identifier: string;
  readonly arn: pulumi.Output<string>;
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly databaseName: pulumi.Output<string>;
  readonly username: pulumi.Output<string>;
  /** ARN of the secret with username and password. */
  readonly passwordSecret: pulumi.Output<string>;
  readonly restoredFrom: pulumi.Output<RestoredFrom | null>;

  constructor(name: string, args: AwsDatabaseArgs, options: pulumi.ComponentResourceOptions) {
    super('medplum-dr:aws:Database', name, {}, options);
    const { config, context, secrets, restore } = args;
    const source = databaseSource(config, restore);
    refuseImpossible(config, source);
    this.identifier = source?.kind === 'replica' ? source.identifier : databaseIdentifier(config.role, context);
    const made = makeDatabase(name, args, source, this.identifier, this);
    this.arn = made.arn;
    this.host = made.host;
    this.port = pulumi.output(PORT);
    this.databaseName = pulumi.output(source?.databaseName ?? DATABASE_NAME);
    this.username = made.username;
    this.passwordSecret = pulumi.output(secrets.databaseSecretArn);
    this.restoredFrom = made.host.apply(() =>
      restore === undefined ? null : { backup: restore.recoveryPoint, skipped: [], replayedTo: null, shortfall: null }
    );
    this.registerOutputs({
      arn: this.arn,
      host: this.host,
      port: this.port,
      databaseName: this.databaseName,
      username: this.username,
      passwordSecret: this.passwordSecret,
      restoredFrom: this.restoredFrom,
    });
  }
}

function refuseImpossible({ role, strategy }: AwsConfig, source: DatabaseSource | undefined): void {
  if (role === 'standby' && strategy === 'backup-restore') {
    throw new Error('a standby of backup-restore has no database: make DatabaseParameters alone');
  }
  if (role === 'recovery' && strategy !== 'backup-restore' && source === undefined) {
    throw new OperatorError('bad-input', 'The recovery stack no longer says which database it uses.', {
      hint: 'Put medplum-dr:restore back as the journal of the recovery has it; nothing was changed.',
    });
  }
}

function makeDatabase(
  name: string,
  args: AwsDatabaseArgs,
  source: DatabaseSource | undefined,
  identifier: string,
  parent: pulumi.Resource
): MadeDatabase {
  const { config, context, network, provider } = args;
  const plan = {
    config,
    context,
    identifier,
    subnetGroup: network.databaseSubnetGroupName,
    password: args.secrets.databasePassword,
    keyArn: args.keys.keyArn,
    provider,
    parent,
    tags: tagsOf(config, context),
  };
  if (source?.kind === 'replica') {
    const host = auroraDatabase.grow(name, plan, source);
    return {
      arn: pulumi.output(databaseArn(config, config.site, identifier)),
      host,
      username: pulumi.output(source.username),
    };
  }
  const complete: DatabasePlan = {
    ...plan,
    source,
    securityGroup:
      args.state === 'fenced' ? closedGroup(name, args, identifier, parent) : network.databaseSecurityGroupId,
    parameterGroup: parameterGroup(name, args, source, identifier, parent),
    safety: databaseSafety(name, config, identifier, parent),
  };
  switch (config.database.engine) {
    case 'aurora':
      return auroraDatabase.make(name, complete);
    case 'rds':
      return rdsDatabase(name, complete);
  }
}
