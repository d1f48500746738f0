import type * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import { continuousDays } from './backup-schedule';
import type { AwsConfig } from './config';

/** Restores of large databases take hours, where the provider gives up after two at most. */
const TIMEOUTS: pulumi.CustomTimeouts = { create: '4h', update: '4h', delete: '2h' };

/** What keeps a cluster or an instance from being lost, in one place; a drill's copy is there to be thrown away. */
export interface DatabaseSafety {
  readonly inputs: {
    readonly backupRetentionPeriod: number;
    readonly copyTagsToSnapshot: true;
    readonly deleteAutomatedBackups: boolean;
    readonly deletionProtection: boolean;
    readonly skipFinalSnapshot: boolean;
    readonly finalSnapshotIdentifier?: pulumi.Output<string>;
    /** Recovered: what a restore cannot be told is not left for a maintenance window. */
    readonly applyImmediately: boolean;
  };
  readonly options: { readonly protect: boolean; readonly customTimeouts: pulumi.CustomTimeouts };
}

/** @param identifier of the database; its final snapshot gets a suffix of its own, as the name must be new. */
export function databaseSafety(
  name: string,
  config: AwsConfig,
  identifier: string,
  parent: pulumi.Resource
): DatabaseSafety {
  const isCopy = config.quarantine !== undefined;
  return {
    inputs: {
      // The days of AWS Backup's continuous rule: it sets them on the database, and other days would be drift.
      backupRetentionPeriod: continuousDays(config.backup.keepDays),
      copyTagsToSnapshot: true,
      deleteAutomatedBackups: isCopy,
      deletionProtection: !isCopy,
      skipFinalSnapshot: isCopy,
      ...(isCopy ? {} : { finalSnapshotIdentifier: finalSnapshot(name, identifier, parent) }),
      applyImmediately: config.role === 'recovery',
    },
    options: { protect: !isCopy, customTimeouts: TIMEOUTS },
  };
}

function finalSnapshot(name: string, identifier: string, parent: pulumi.Resource): pulumi.Output<string> {
  const suffix = new random.RandomId(`${name}-final-snapshot`, { byteLength: 4 }, { parent });
  return suffix.hex.apply((hex) => `${identifier}-final-${hex}`);
}
