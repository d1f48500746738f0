import { messageOf } from '../../components/errors';
import { migrations, reloadCron } from '../../medplum/super-admin';
import type { Step, StepContext } from '../recovery/step';
import { apiClientOf } from '../verification/api';
import { judged, notChecked, type Check } from '../verification/check';
import { recordedOf } from '../verification/context';
import { requirePassed } from '../verification/required';

const cron = { id: 'cron-reloaded', title: 'Cron schedules were loaded anew' };
const held = { id: 'migrations', title: 'No post-deploy migration runs before the recovery is kept' };

/**
 * What Medplum needs after a restore: cron schedules live only in Redis and are not rebuilt at a start (seen on Medplum
 * 5.0.10), so they are reloaded; not in a quarantined copy, where they would run bots. What cannot be brought back is said.
 */
export const applicationRecovery: Step<'application-recovery'> = {
  id: 'application-recovery',
  title: 'Application-level recovery',
  budgetSeconds: 60,
  async run(context) {
    const { emit, waiting, acceptedChecks, takesTraffic } = context;
    waiting(takesTraffic ? 'the cron schedules to be loaded anew' : 'the state of the migrations');
    const checks = await superAdminChecks(context);
    for (const check of checks) {
      emit({ kind: 'check', step: 'application-recovery', check });
    }
    requirePassed(checks, acceptedChecks, `Mend what is named, then: medplum-dr resume ${context.id}.`);
    const recorded = recordedOf(context.result('recovery-point'));
    const unfinished = recorded.known ? recorded.fingerprint.unfinishedAsyncJobs : null;
    const notes = [
      'The cache and all queues started empty: deliveries of subscriptions that were queued at the loss, and their retries, are gone. Where they matter, POST $resend on the resources concerned.',
      'Websocket subscriptions are gone; clients have to subscribe again.',
    ];
    if (unfinished !== null && unfinished > 0) {
      notes.push(
        `${unfinished} AsyncJob(s) were unfinished when the recovery point was recorded; nothing works on them any more. Cancel or start them again.`
      );
    }
    return { checks, notes };
  },
  summarise: ({ checks }) => checks.map((check) => `${check.id}: ${check.status}`).join(', '),
};

async function superAdminChecks(context: StepContext): Promise<Check[]> {
  const api = await apiClientOf(context, 'superAdmin');
  if (api.client === null) {
    return [notChecked(cron, api.reason), notChecked(held, api.reason)];
  }
  const schedules = context.takesTraffic
    ? reload(api.client, context.signal)
    : notChecked(cron, 'quarantined: nothing that acts by itself is started in the copy of a drill');
  return Promise.all([schedules, pending(api.client)]);
}

async function reload(superAdmin: Parameters<typeof reloadCron>[0], signal: AbortSignal): Promise<Check> {
  try {
    await reloadCron(superAdmin, 300_000, signal);
    return judged(cron, true, 'reloadcron completed');
  } catch (error) {
    return judged(cron, false, messageOf(error));
  }
}

async function pending(superAdmin: Parameters<typeof migrations>[0]): Promise<Check> {
  try {
    const { pendingPostDeployMigration: next } = await migrations(superAdmin);
    const evidence =
      next === 0 ? 'none is pending' : `migration ${next} is pending and held back until the recovery is kept`;
    return judged(held, true, evidence);
  } catch (error) {
    return judged(held, false, messageOf(error));
  }
}
