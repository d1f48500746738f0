import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../errors';
import { stopSite } from '../process/stop-site';
import { sitePresent } from '../provider/site';
import { markFenced, readFenceMark } from './mark';
import type { GuardSettings } from './settings';
import { askWhoServes, verdictOf } from './verdict';

const ASK_EVERY_MILLISECONDS = 1000;
const STOP_AGAIN_AFTER_MILLISECONDS = 5000;

/**
 * Watches whether another site has taken this one's place.
 * @param open called once, when the first verdict lets the site go on: 1.5 s at the latest.
 * @returns why the site is fenced, as soon as it is; a site that carries the mark is so from the start.
 */
export async function standGuard(
  settings: GuardSettings,
  open: () => void,
  tell: (event: string) => void
): Promise<string> {
  const mark = await readFenceMark(settings.live);
  if (mark !== null) {
    return `${mark.reason} (marked at ${mark.at})`;
  }
  let told: string | null = null;
  for (;;) {
    const { kind, reason } = verdictOf(await askWhoServes(settings), settings);
    if (kind === 'fenced') {
      return reason;
    }
    if (told === null) {
      open();
    }
    if (told !== reason) {
      tell(`goes on: ${reason}`);
      told = reason;
    }
    await sleep(ASK_EVERY_MILLISECONDS);
  }
}

/**
 * Fences the site of the process that calls: marks it and stops all else of it, again and again until both are done.
 * What could not be done is told.
 */
export async function fenceOwnSite(live: string, reason: string, tell: (event: string) => void): Promise<void> {
  const mark = async (): Promise<void> => {
    // The folder of a lost site is not made again.
    await ((await sitePresent({ live })) ? markFenced(live, reason) : undefined);
  };
  for (;;) {
    // One that fails does not keep the other from being done.
    const outcomes = [await outcomeOf(mark()), await outcomeOf(stopSite(live))];
    const failures = outcomes.filter((outcome) => outcome !== null);
    if (failures.length === 0) {
      return;
    }
    tell(`not fenced whole yet: ${failures.join('; ')}`);
    await sleep(STOP_AGAIN_AFTER_MILLISECONDS);
  }
}

/** Null for work that succeeded, else its failure. */
async function outcomeOf(work: Promise<void>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
