import type { JournalEntry, RunHeader } from '../../../automation/recovery/journal';
import type { RunMode } from '../../../automation/recovery/results';
import type { ActiveEndpoint } from '../../../components/config';

export const CUT_OVER_AT = '2026-11-24T03:10:00.000Z';

/** A run of an environment named `prod`, as its journal has it. */
export function headerOf(id: string, mode: RunMode = 'switchover', commitAfterSeconds = 600): RunHeader {
  return {
    id,
    mode,
    takesTraffic: mode !== 'drill',
    environment: 'prod',
    servingStack: 'prod',
    previous: null,
    target: { kind: 'latest' },
    recoveryStack: `prod-${id}`,
    startedAt: '2026-11-24T03:00:00.000Z',
    lostAt: null,
    commitAfterSeconds,
    overrides: [],
  };
}

export function activeBy(recoveryId: string, generation = 1): ActiveEndpoint {
  return {
    address: '10.0.0.2',
    port: 443,
    site: 'site-b',
    stack: `prod-${recoveryId}`,
    recoveryId,
    generation,
    since: CUT_OVER_AT,
    replaces: '10.0.0.1',
  };
}

/** The cutover of the run, observed at `CUT_OVER_AT`. */
export function cutoverOf(id: string): JournalEntry {
  return {
    kind: 'step-done',
    step: 'cutover',
    at: CUT_OVER_AT,
    result: {
      moved: true,
      active: activeBy(id),
      before: '10.0.0.1',
      after: '10.0.0.2',
      observedAt: CUT_OVER_AT,
      checks: [],
      resources: [],
    },
  };
}
