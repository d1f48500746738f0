import { ACCOUNT, AWAY } from './data-layers';

/*
 * `restore.source` of a recovery stack, as the driver writes it.
 */

export const SNAPSHOT = {
  kind: 'snapshot',
  arn: `arn:aws:rds:${AWAY}:${ACCOUNT}:cluster-snapshot:awsbackup:copyjob-1`,
  engineVersion: '16.4',
};
export const RDS_SNAPSHOT = { ...SNAPSHOT, arn: `arn:aws:rds:${AWAY}:${ACCOUNT}:snapshot:awsbackup:copyjob-1` };
export const POINT_IN_TIME = {
  kind: 'point-in-time',
  of: { identifier: 'medplum-dr-clinic' },
  restoreTime: '2026-11-24T10:00:00Z',
  engineVersion: '16.4',
};
export const AUTOMATED_BACKUP = {
  kind: 'automated-backup',
  arn: `arn:aws:rds:${AWAY}:${ACCOUNT}:auto-backup:ab-1`,
  restoreTime: 'latest',
  engineVersion: '16.4',
};
export const REPLICA = {
  kind: 'replica',
  identifier: 'medplum-dr-clinic',
  host: 'writer.example.com',
  engineVersion: '16.4',
};
