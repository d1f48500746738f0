import { expect } from 'chai';
import path from 'node:path';
import { findEngine } from '../../automation/engine';
import type { RunMode } from '../../automation/recovery/results';
import { siteOutputsSchema } from '../../automation/recovery/site-outputs';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema } from '../../automation/report/schema';
import { openEnvironment } from '../../automation/stacks/project';
import { EngineSession } from '../../automation/stacks/session';
import type { LocalSite } from '../../components/local/config';
import { until } from '../../components/local/process/daemon';
import type { ApiClient } from '../../medplum/api-client';
import { livingEnvironment, type LivingEnvironment } from '../drill/living-environment';
import { apiByName, resolved } from '../drill/places';
import { checkJournal, checkTraffic, journalOf } from './checks';
import { killedDriver, medplumDr, type Kill, type Outcome } from './commands';
import { databaseTime, dataUntil, type Digest } from './data-digest';
import { endStateOf } from './end-state';
import { Watch, type Seen } from './watch';

/** What runs for an environment that serves and is protected, wherever that is, and nothing else of it. */
const SERVING = [
  'dns/server.js in ',
  'load-balancer/main.js in SITE',
  'postgres in SITE/database',
  'postgresql/backup-agent.js in SITE',
  'replication/main.js in SITE',
  'sh in SITE',
  'stand-in/main.js in SITE',
  'watcher/main.js in ',
];

interface Serving {
  readonly stack: string;
  readonly from: LocalSite;
  readonly to: LocalSite;
  readonly mode: RunMode;
  readonly api: ApiClient;
}

/** An environment that is moved to and fro: each case begins where the one before it ended, with all of its data. */
export class MovingEnvironment {
  readonly #living: LivingEnvironment;
  readonly #data: { readonly until: Date; readonly digest: Digest };
  /** Ids of what clients wrote before each move, and got an answer for. */
  readonly #written: string[] = [];
  /** What the engine has of a site that a move made; the same after every one. */
  #resources: readonly string[] | null = null;

  static async make(): Promise<MovingEnvironment> {
    const living = await livingEnvironment();
    const { environment, outputs } = living.primary;
    const database = await environment.operations().connectDatabase(outputs);
    try {
      const moment = await databaseTime(database);
      return new MovingEnvironment(living, { until: moment, digest: await dataUntil(database, moment) });
    } finally {
      await database.end();
    }
  }

  private constructor(living: LivingEnvironment, data: { readonly until: Date; readonly digest: Digest }) {
    this.#living = living;
    this.#data = data;
  }

  remove(): Promise<void> {
    return this.#living.remove();
  }

  /** Moved to the other site, by a driver that is killed and one that goes on. */
  async movedAndResumed(id: string, kill: Kill): Promise<void> {
    const serving = await this.#begin();
    const watch = this.#watch(serving);
    await this.#kill(id, serving, kill);
    const { exitCode, stdout, stderr } = await this.#run('resume', id, '--json');
    const seen = await watch.end();

    expect(exitCode, stderr).to.equal(0);
    const report = recoveryReportSchema.parse(JSON.parse(stdout));
    expect(report).to.include({ result: 'recovered', unprotectedSince: null });
    expect(report.achieved).to.include({ rpoSeconds: 0 });
    const entries = await journalOf(this.#living.workspace, id);
    checkJournal(entries, serving.mode);
    checkTraffic(seen, entries, { from: serving.from.address, to: serving.to.address });
    await this.#servedFrom(serving.to, `${NAME}-${id}`, id);
  }

  /** Aborted before its cutover, by a driver that is killed too where that is asked for: served from where it was. */
  async killedAndAborted(id: string, kill: Kill, killAbortAfterMilliseconds?: number): Promise<void> {
    const serving = await this.#begin();
    const watch = this.#watch(serving);
    await this.#kill(id, serving, kill);
    const seen = await this.#ended(['abort', id], 'aborted', watch, killAbortAfterMilliseconds);

    expect(seen.addresses.map(({ address }) => address)).to.deep.equal([serving.from.address]);
    const { stacks, configs, sites } = await endStateOf(this.#living.workspace, id);
    expect([...Object.keys(stacks), ...configs, ...sites].join(' ')).to.not.include('RUN');
    await this.#servedFrom(serving.from, serving.stack, id);
  }

  /** Rolled back after its cutover, by a driver that is killed, and by one that does it again. */
  async rolledBack(id: string, killRollbackAfterMilliseconds: number): Promise<void> {
    const serving = await this.#begin();
    const watch = this.#watch(serving);
    await this.#kill(id, serving, { step: 'cutover', moment: 'after-journal' });
    const seen = await this.#ended(['rollback', id], 'rolled-back', watch, killRollbackAfterMilliseconds);

    const { from, to } = serving;
    expect(seen.addresses.map(({ address }) => address)).to.deep.equal([from.address, to.address, from.address]);
    expect(seen.bothApplications, 'both sites answered').to.deep.equal([]);
    await this.#servedFrom(from, serving.stack, id);
  }

  async #ended(args: readonly string[], how: string, watch: Watch, killAfterMilliseconds?: number): Promise<Seen> {
    if (killAfterMilliseconds !== undefined) {
      await medplumDr(this.#living.options, args, killAfterMilliseconds);
    }
    const { exitCode, stdout, stderr } = await this.#run(...args);
    const seen = await watch.end();
    if (killAfterMilliseconds !== undefined && exitCode === 2) {
      // The first one came to its end before it was killed.
      expect(stderr).to.include(`is over: ${how}`);
    } else {
      expect(exitCode, stdout + stderr).to.equal(0);
    }
    return seen;
  }

  async #begin(): Promise<Serving> {
    const { config, workspace } = this.#living;
    const { config: front } = await openEnvironment(workspace.project, NAME);
    const [address] = await resolved(config);
    const [first, second] = [config.site, config.recoverySite!];
    const atFirst = address === first.address;
    const api = await this.#api();
    const { id } = await api.create({ resourceType: 'Basic', code: { text: 'before the move' } });
    this.#written.push(id);
    return {
      stack: front.activeEndpoint?.stack ?? NAME,
      from: atFirst ? first : second,
      to: atFirst ? second : first,
      mode: atFirst ? 'switchover' : 'failback',
      api,
    };
  }

  /** One site serves, with all that was ever written, takes writes and is protected; nothing else runs or is half made. */
  async #servedFrom(site: LocalSite, stack: string, id: string): Promise<void> {
    const { config, workspace } = this.#living;
    expect(await resolved(config)).to.deep.equal([site.address]);
    const api = await this.#api();
    for (const written of this.#written) {
      expect((await api.search('Basic', { _id: written })).resources, 'an acknowledged write').to.have.length(1);
    }
    await api.create({ resourceType: 'Basic', code: { text: 'after the move' } });
    expect(await this.#dataOf(stack), 'the data at the beginning').to.deep.equal(this.#data.digest);

    const live = path.join(site.folder, stack).replace(workspace.directory, '').replaceAll(id, 'RUN');
    const running = async (): Promise<string[]> =>
      (await endStateOf(workspace, id)).processes.map((each) => each.replace(live, 'SITE')).sort();
    await until(async () => (await running()).join() === SERVING.join(), 10_000);
    expect(await running()).to.deep.equal(SERVING);
    const { pendingOperations, madeTwice, engineLocks, heldBy, stacks } = await endStateOf(workspace, id);
    expect({ pendingOperations, madeTwice, engineLocks, heldBy }).to.deep.equal({
      pendingOperations: [],
      madeTwice: [],
      engineLocks: [],
      heldBy: null,
    });
    const made = stacks[`${NAME}-RUN`]?.map((each) => each.replace(site.name, 'SITE'));
    if (made !== undefined && stack.endsWith(id)) {
      this.#resources ??= made;
      expect(made).to.deep.equal(this.#resources);
    }
  }

  async #dataOf(stack: string): Promise<Digest> {
    const { workspace } = this.#living;
    const engine = await findEngine({ onProgress: () => undefined });
    const session = new EngineSession(engine, workspace.project, workspace.engineEnvironment);
    const environment = await openEnvironment(workspace.project, stack);
    const outputs = siteOutputsSchema.parse(await session.outputs(stack));
    const database = await environment.operations().connectDatabase(outputs);
    try {
      return await dataUntil(database, this.#data.until);
    } finally {
      await database.end();
    }
  }

  #api(): Promise<ApiClient> {
    const { config, primary } = this.#living;
    const { clientId, clientSecret } = primary.credentials;
    const secrets = new Map([
      ['verificationClientId', clientId],
      ['verificationClientSecret', clientSecret],
    ]);
    return apiByName(config, secrets);
  }

  #watch({ from, to }: Serving): Watch {
    return new Watch(this.#living.config, { from, to });
  }

  #kill(id: string, { mode }: Serving, kill: Kill): Promise<void> {
    return killedDriver(this.#living.options, { environment: NAME, mode, id }, kill);
  }

  #run(...args: readonly string[]): Promise<Outcome> {
    return medplumDr(this.#living.options, args);
  }
}
