import type { ActiveEndpoint } from '../components/config';
import { messageOf } from '../components/errors';
import type { PlatformEnvironment } from '../components/platform';
import type { Outage, Remains, SiteCondition } from '../components/site-operations';
import { leaseHolder, type LeaseHolder } from './control/lease';
import type { ControlStore } from './control/store';
import { commitWindow, type CommitWindow } from './recovery/commit-window';
import { runIds } from './recovery/find-run';
import { Journal, type JournalEntry, type RunHeader } from './recovery/journal';
import type { Protection } from './recovery/results';
import { servingSite } from './recovery/serving-site';
import type { StackConfigs } from './stacks/stack-configs';

/** One site that the environment stands or stood at. */
export interface SiteStatus {
  readonly stack: string;
  readonly site: string;
  readonly serves: boolean;
  /** Null when it could not be seen; `problems` says why. */
  readonly condition: SiteCondition | null;
  /** What is still there of one that does not serve. */
  readonly remains: readonly Remains[];
}

export interface RunStatus {
  readonly id: string;
  readonly mode: string;
  readonly startedAt: string;
  readonly result: string;
  readonly commit: CommitWindow;
}

/** What stands where, as far as it can be seen now. A null is what could not be seen; `problems` says why. */
export interface EnvironmentStatus {
  readonly environment: string;
  readonly site: string;
  readonly recoverySite: string | null;
  /** The site that serves, since when, and the run that moved traffic there; null before any. */
  readonly active: ActiveEndpoint | null;
  readonly resolvesTo: readonly string[] | null;
  readonly newestRecoveryPoint: { readonly id: string; readonly time: string; readonly ageSeconds: number } | null;
  /** ISO instant since when nothing protects what serves; null while something does. */
  readonly unprotectedSince: string | null;
  readonly protection: Protection | null;
  readonly outage: Outage | null;
  readonly sites: readonly SiteStatus[];
  /** Who works on the environment now. */
  readonly heldBy: LeaseHolder | null;
  readonly runs: readonly RunStatus[];
  readonly problems: readonly string[];
}

export interface StatusContext {
  readonly front: PlatformEnvironment;
  readonly configs: StackConfigs;
  readonly store: ControlStore;
}

export async function environmentStatus(name: string, context: StatusContext): Promise<EnvironmentStatus> {
  const { front, configs, store } = context;
  const problems: string[] = [];
  const tried = async <Value>(what: string, look: () => Promise<Value>): Promise<Value | null> => {
    try {
      return await look();
    } catch (error) {
      problems.push(`${what}: ${messageOf(error)}`);
      return null;
    }
  };
  const active = front.config.activeEndpoint ?? null;
  const serving = await servingSite(configs, { environmentName: name, front });
  const operations = serving.environment.operations();
  const isProtected = serving.environment.recoverySite !== undefined;
  const points = isProtected ? await tried('recovery points', () => operations.recoveryPoints()) : [];
  const newest = points?.filter((point) => point.state.kind === 'healthy').at(-1);
  const runs = await runsOf(store, name);
  const protection = protectionOf(runs, active);
  const stacks = new Set([name, serving.stack, ...runs.map(({ header }) => header.recoveryStack)]);
  const known = new Set(await configs.names());
  return {
    environment: name,
    site: front.site,
    recoverySite: serving.environment.recoverySite ?? null,
    active,
    resolvesTo: await tried('name server', async () => (await operations.resolve()).addresses),
    newestRecoveryPoint:
      newest === undefined
        ? null
        : { id: newest.id, time: newest.time, ageSeconds: (Date.now() - Date.parse(newest.time)) / 1000 },
    unprotectedSince: active !== null && serving.stack !== name && newest === undefined ? active.since : null,
    protection,
    outage: await tried('monitoring', () => operations.lastOutage()),
    sites: await Promise.all(
      [...stacks]
        .filter((stack) => known.has(stack))
        .map((stack) => siteStatus(stack, serving.stack, { configs, tried }))
    ),
    heldBy: (await tried('lock', () => leaseHolder(store, name)))?.holder ?? null,
    runs: runs.map((run) => runStatus(run, front.config.activeEndpoint)),
    problems,
  };
}

type Tried = <Value>(what: string, look: () => Promise<Value>) => Promise<Value | null>;

async function siteStatus(
  stack: string,
  servingStack: string,
  { configs, tried }: { configs: StackConfigs; tried: Tried }
): Promise<SiteStatus> {
  const environment = await configs.open(stack);
  const operations = environment.operations();
  const serves = stack === servingStack;
  return {
    stack,
    site: environment.site,
    serves,
    condition: await tried(`site of ${stack}`, () => operations.condition()),
    remains: serves ? [] : ((await tried(`remains of ${stack}`, () => operations.remains())) ?? []),
  };
}

interface KnownRun {
  readonly header: RunHeader;
  readonly entries: readonly JournalEntry[];
}

async function runsOf(store: ControlStore, name: string): Promise<KnownRun[]> {
  const runs: KnownRun[] = [];
  for (const id of await runIds(store)) {
    const entries = await new Journal(store, id).read();
    const [first] = entries;
    if (first?.kind === 'run' && first.environment === name) {
      runs.push({ header: first, entries });
    }
  }
  return runs;
}

function runStatus({ header, entries }: KnownRun, active: ActiveEndpoint | undefined): RunStatus {
  const { id, mode, startedAt } = header;
  const end = entries.filter((entry) => entry.kind === 'run-ended' || entry.kind === 'over').at(-1);
  const result = end === undefined ? 'unfinished' : end.kind === 'over' ? end.how : end.result;
  return { id, mode, startedAt, result, commit: commitWindow(header, entries, { now: new Date(), active }) };
}

/** What proved that the serving stack is protected: the last word of the run that moved traffic to it. */
function protectionOf(runs: readonly KnownRun[], active: ActiveEndpoint | null): Protection | null {
  const run = runs.find(({ header }) => header.id === active?.recoveryId && header.recoveryStack === active.stack);
  const proofs = (run?.entries ?? []).flatMap((entry) =>
    entry.kind === 'protected'
      ? [entry.protection]
      : entry.kind === 'step-done' && entry.step === 'protect'
        ? [entry.result]
        : []
  );
  return proofs.at(-1) ?? null;
}
