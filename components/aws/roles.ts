import * as iam from '@pulumi/aws/iam';
import * as pulumi from '@pulumi/pulumi';
import { after } from './after';
import type { AwsConfig } from './config';
import { roleArn, roleName, type RoleName } from './role-names';
import { statementsOf } from './role-policies';
import { arnAt, tagsOf, type AwsContext } from './standing-arns';

/** ARNs of the roles of one site. */
export interface AwsRoles {
  readonly execution: pulumi.Output<string>;
  readonly task: pulumi.Output<string>;
  readonly bot: pulumi.Output<string>;
  readonly backup: pulumi.Output<string>;
  readonly replication: pulumi.Output<string>;
}

const SERVICES: Record<RoleName, string> = {
  execution: 'ecs-tasks.amazonaws.com',
  task: 'ecs-tasks.amazonaws.com',
  bot: 'lambda.amazonaws.com',
  backup: 'backup.amazonaws.com',
  replication: 's3.amazonaws.com',
};

const BACKUP_POLICIES = ['AWSBackupServiceRolePolicyForBackup', 'AWSBackupServiceRolePolicyForRestores'] as const;

/**
 * The roles of a site. IAM is changed through us-east-1 wherever it is used, so they are made ahead, by fixed names, in
 * the primary and the standby stack.
 */
export class Roles extends pulumi.ComponentResource implements AwsRoles {
  readonly execution: pulumi.Output<string>;
  readonly task: pulumi.Output<string>;
  readonly bot: pulumi.Output<string>;
  readonly backup: pulumi.Output<string>;
  readonly replication: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly config: AwsConfig; readonly context: AwsContext; readonly provider: pulumi.ProviderResource },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:aws:Roles', name, {}, options);
    const { config, context, provider } = args;
    const child = { parent: this, provider };
    const [, partition = 'aws', , , account = ''] = arnAt(config.site, 'iam', '').split(':');
    const make = (role: RoleName): iam.Role =>
      new iam.Role(
        `${name}-${role}`,
        {
          name: roleName(config.site, context, role),
          assumeRolePolicy: trust(role, account),
          tags: tagsOf(config, context),
        },
        child
      );
    const allow = (role: Exclude<RoleName, 'backup'>): pulumi.Output<string> => {
      const made = make(role);
      const statements = statementsOf(role, config, context);
      if (statements.length === 0) {
        return made.arn;
      }
      const policy = JSON.stringify({ Version: '2012-10-17', Statement: statements });
      const attached = new iam.RolePolicy(`${name}-${role}-policy`, { role: made.name, policy }, child);
      // Whoever uses the role must find it able.
      return after(made.arn, [attached.id]);
    };
    this.execution = allow('execution');
    this.task = allow('task');
    this.bot = allow('bot');
    this.replication = allow('replication');
    const backup = make('backup');
    const attachments = BACKUP_POLICIES.map(
      (policy) =>
        new iam.RolePolicyAttachment(
          `${name}-backup-${policy.endsWith('Restores') ? 'restores' : 'backups'}`,
          { role: backup.name, policyArn: `arn:${partition}:iam::aws:policy/service-role/${policy}` },
          child
        )
    );
    this.backup = after(
      backup.arn,
      attachments.map(({ id }) => id)
    );
    this.registerOutputs({
      execution: this.execution,
      task: this.task,
      bot: this.bot,
      backup: this.backup,
      replication: this.replication,
    });
  }
}

/** The roles that stand at a site, by name: nothing is made and nobody is asked. */
export function standingRoles({ site }: AwsConfig, context: AwsContext): AwsRoles {
  const arn = (role: RoleName): pulumi.Output<string> => pulumi.output(roleArn(site, context, role));
  return {
    execution: arn('execution'),
    task: arn('task'),
    bot: arn('bot'),
    backup: arn('backup'),
    replication: arn('replication'),
  };
}

function trust(role: RoleName, account: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: SERVICES[role] },
        Action: 'sts:AssumeRole',
        // Who takes the role elsewhere names no account of its own.
        ...(SERVICES[role] === 'ecs-tasks.amazonaws.com'
          ? { Condition: { StringEquals: { 'aws:SourceAccount': account } } }
          : {}),
      },
    ],
  });
}
