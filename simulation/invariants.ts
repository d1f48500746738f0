import type { JournalEntry, RunHeader } from '../automation/recovery/journal';
import type { DriverProcess } from './driver-process';
import { untruthOf } from './journal-truth';
import type { InvariantName, Violation } from './sentences';
import { takesWrites, type NameRecord, type Site } from './world/site';
import type { Universe } from './world/universe';

/** Longest time from the store's answer that a driver holds the lock to the change that it begins. */
const ANSWER_MS = 100;

/** How long a site's guard takes at most to find out that another one serves. */
const GUARD_MS = 1000;

/** Watches a simulated world, and writes down what must not be. */
export class Invariants {
  readonly violations: Violation[] = [];
  /** Runs by their recovery stacks, as their journals tell. */
  readonly runs = new Map<string, RunHeader>();
  /** What the operators of this simulation gave leave for. */
  readonly accepted = { unfenced: false, records: new Set<string>(), lostWrites: false };
  /** Acknowledged writes that were lost with a site, by their numbers. */
  readonly lost = new Set<number>();
  readonly #verified = new Map<string, Set<'data' | 'health'>>();
  /** When the holder of each lease made its first change. */
  readonly #firstChange = new Map<number, number>();

  violate(invariant: InvariantName, detail: string): void {
    if (!this.violations.some((each) => each.invariant === invariant)) {
      this.violations.push({ invariant, detail });
    }
  }

  /** Looked at all the time. */
  look(universe: Universe): void {
    const writers = new Set<Site>();
    for (const address of universe.ledTo()) {
      const site = address === null ? null : universe.answering(address);
      if (site !== null && takesWrites(site)) {
        writers.add(site);
      }
    }
    const settled = [...writers].every((site) => site.unguardedUntil < universe.scheduler.now);
    if (writers.size > 1 && settled && !this.accepted.unfenced) {
      this.violate('one-writer-behind-the-name', [...writers].map((site) => site.stack).join(' and '));
    }
  }

  wrote(universe: Universe, site: Site): void {
    if (site.isQuarantined) {
      this.violate('drill-leaves-production-alone', `a client wrote to the copy ${site.stack}`);
    }
    this.look(universe);
  }

  recordWritten(universe: Universe, wanted: NameRecord, { replaces }: { readonly replaces: string | null }): void {
    const { record, foreign, foreignSince, resolvedAt } = universe;
    // What compares with nothing has but its driver's look before it.
    const isUnseen = replaces === null && foreignSince >= resolvedAt;
    if (
      !isUnseen &&
      foreign !== null &&
      foreign.address !== wanted.address &&
      !this.accepted.records.has(foreign.address)
    ) {
      const was = `it led to ${foreign.address}, ${replaces ?? 'anything'} was to be replaced by ${wanted.address}`;
      this.violate('foreign-change-kept', was);
    }
    if (record !== null && record.generation > wanted.generation) {
      this.violate('cutovers-go-forward', `from ${record.generation} to ${wanted.generation}`);
    }
  }

  recordChanged(
    universe: Universe,
    { before, after, by }: { readonly before: NameRecord | null; readonly after: NameRecord; readonly by: string }
  ): void {
    const isSetBack = before === universe.foreign && universe.ownBefore?.stack === after.stack;
    if (by === 'somebody' || before === null || before.stack === after.stack || isSetBack) {
      return;
    }
    const run = this.runs.get(after.stack) ?? this.runs.get(before.stack);
    if (run?.takesTraffic === false || run?.mode === 'drill') {
      this.violate('drill-leaves-production-alone', `the name was moved to ${after.stack}`);
    }
    const site = universe.site(after.stack);
    const isRestored = this.runs.has(after.stack) && !this.#hasServed(after.stack);
    const found = this.#verified.get(after.stack) ?? new Set();
    if (!found.has('health') || (isRestored && !found.has('data'))) {
      this.violate(
        'traffic-after-verification',
        `${after.stack}: only ${[...found].join(', ') || 'nothing'} was looked at`
      );
    } else if (site?.readOnly === true || (isRestored && site?.log.length === 0)) {
      this.violate('traffic-after-verification', `${after.stack} is not good: ${site.log.length} writes`);
    }
    const left = universe.site(before.stack);
    if (left?.application === true && universe.isReachable(left.place) && !this.accepted.unfenced) {
      if (left.backAt >= left.lookedAt) {
        // It came back after the driver had looked: its guard, which asks every second, is what is left.
        left.unguardedUntil = universe.scheduler.now + GUARD_MS;
      } else {
        this.violate('fence-before-cutover', `${left.stack} takes writes`);
      }
    }
    this.#judgeLoss(universe, site, run);
    this.#served.add(after.stack).add(before.stack);
    this.#verified.get(before.stack)?.delete('health');
    this.look(universe);
  }

  changeBegun({ scheduler }: Universe, driver: DriverProcess, what: string): void {
    const { now } = scheduler;
    if (driver.lease === 0) {
      this.violate('changes-under-the-lock', `${driver.name}: ${what}`);
      return;
    }
    for (const [lease, at] of this.#firstChange) {
      if (lease > driver.lease && at < now - ANSWER_MS) {
        this.violate(
          'stale-driver-changes-nothing',
          `${driver.name} with lease ${driver.lease} after ${lease}: ${what}`
        );
      }
    }
    if (!this.#firstChange.has(driver.lease)) {
      this.#firstChange.set(driver.lease, now);
    }
  }

  configChanged(universe: Universe, _driver: DriverProcess, stack: string): void {
    this.#productionTouched(universe, stack, 'its config was changed');
  }

  touched(universe: Universe, _driver: DriverProcess, stack: string, what: string): void {
    this.#productionTouched(universe, stack, what);
  }

  verified(_universe: Universe, stack: string, what: 'data' | 'health' | 'nothing'): void {
    const found = this.#verified.get(stack) ?? new Set();
    this.#verified.set(stack, what === 'nothing' ? found : found.add(what));
  }

  made(universe: Universe, stack: string, resource: string, already: boolean): void {
    universe.trace.add('engine', `made the ${resource} of ${stack}`);
    if (already) {
      this.violate('nothing-made-twice', `the ${resource} of ${stack}`);
    }
  }

  removed(universe: Universe, stack: string): void {
    universe.trace.add('engine', `removes ${stack}`);
    this.#verified.delete(stack);
    if (universe.record?.stack === stack) {
      this.violate('one-writer-behind-the-name', `${stack}, to which the name leads, is removed`);
    }
  }

  journalled(universe: Universe, driver: DriverProcess, { key, text }: { key: string; text: string }): void {
    const entry = JSON.parse(text) as JournalEntry;
    const step = 'step' in entry ? ` ${entry.step}` : '';
    universe.trace.add(driver.name, `journal: ${entry.kind}${step}`);
    if (entry.kind === 'run') {
      this.runs.set(entry.recoveryStack, entry);
      return;
    }
    if (entry.kind === 'step-done' && entry.step === 'preflight' && entry.result.record !== null) {
      // What was so when the run began is what it may replace.
      this.accepted.records.add(entry.result.record);
    }
    const run = [...this.runs.values()].find((each) => key.startsWith(`recoveries/${each.id}/`));
    const untruth = run === undefined ? null : untruthOf(universe, run, entry);
    if (untruth !== null) {
      this.violate('journal-tells-the-truth', `${driver.name} wrote ${entry.kind}${step}: ${untruth}`);
    }
  }

  /** Acknowledged writes that are not at a site and were not lost before. */
  missingAt(universe: Universe, site: Site | null): number[] {
    const there = new Set(site?.log.map((write) => write.id));
    return universe.acknowledged.map((write) => write.id).filter((id) => !there.has(id) && !this.lost.has(id));
  }

  readonly #served = new Set<string>();

  #hasServed(stack: string): boolean {
    return this.#served.has(stack);
  }

  #judgeLoss(universe: Universe, site: Site | null, run: RunHeader | undefined): void {
    const missing = this.missingAt(universe, site);
    const isPlanned = run?.mode === 'switchover' || run?.mode === 'failback';
    if (isPlanned && missing.length > 0 && !this.accepted.lostWrites) {
      this.violate(
        'planned-move-loses-nothing',
        `write(s) ${missing.join(', ')} are not at ${site?.stack ?? 'nothing'}`
      );
    }
    for (const id of missing) {
      this.lost.add(id);
    }
  }

  #productionTouched(universe: Universe, stack: string, what: string): void {
    const drills = [...this.runs.values()].filter((run) => run.mode === 'drill');
    if (drills.length > 0 && this.runs.size === drills.length && !this.runs.has(stack) && universe.isDrill) {
      this.violate('drill-leaves-production-alone', `${stack}: ${what}`);
    }
  }
}
