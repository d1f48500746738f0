const HOUR = 3600;

/** Hours that a day divides into; AWS Backup starts jobs once an hour at most. */
const HOURS = [1, 2, 3, 4, 6, 8, 12, 24] as const;

/** Days that a continuous backup reaches back at most: RDS keeps its log no longer. */
export const LONGEST_CONTINUOUS_DAYS = 35;

/** Whether AWS Backup can keep that rhythm. @param seconds between two backups. */
export function isBackupRhythm(seconds: number): boolean {
  return HOURS.some((hours) => hours * HOUR === seconds);
}

/** @param seconds one of the rhythms above; config refuses others. @returns schedule of a backup rule, in UTC. */
export function backupSchedule(seconds: number): string {
  const hours = seconds / HOUR;
  return hours === 24 ? 'cron(0 5 * * ? *)' : `cron(0 0/${hours} * * ? *)`;
}

/** Days of point-in-time recovery. @param keepDays as config says, for snapshots. */
export function continuousDays(keepDays: number): number {
  return Math.min(keepDays, LONGEST_CONTINUOUS_DAYS);
}
