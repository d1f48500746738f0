import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { REHEARSAL_ENVIRONMENT as NAME } from '../../automation/rehearsal/workspace';
import { recoveryReportSchema } from '../../automation/report/schema';
import { until } from '../../components/local/process/daemon';
import { resolved } from '../drill/places';
import { checkJournal, checkTraffic, journalOf, restoredData } from './checks';
import { killedDriver, medplumDr, type Kill, type Outcome } from './commands';
import { endStateOf, type EndState } from './end-state';
import type { LostEnvironment } from './lost-environment';
import { Watch } from './watch';

const LOOKING = new Set(['preflight', 'recovery-point']);

/** A recovery from a lost site, from the moment of the loss to its end. */
export class LostSite {
  readonly #lost: LostEnvironment;
  readonly #id: string;

  constructor(lost: LostEnvironment, id: string) {
    this.#lost = lost;
    this.#id = id;
  }

  /** The end of a recovery that nobody disturbed: what every other one must come to as well. */
  async undisturbed(): Promise<EndState> {
    return this.#recovered(async () => this.#run('recover', NAME, '--json'));
  }

  /** Killed, then gone on with; where the driver had only looked, there is no run, and the same command is run again. */
  async killedAndResumed(kill: Kill): Promise<EndState> {
    return this.#recovered(async () => {
      await this.#kill(kill);
      if (!LOOKING.has(kill.step)) {
        return this.#run('resume', this.#id, '--json');
      }
      expect(await journalOf(this.#lost.workspace, this.#id), 'a driver that only looked leaves nothing').to.deep.equal(
        []
      );
      return this.#run('recover', NAME, '--json');
    });
  }

  /** Killed, then aborted, once or, where that is killed too, once more. Nothing is left but the loss itself. */
  async killedAndAborted(kill: Kill, killAbortAfterMilliseconds?: number): Promise<void> {
    const { workspace, putBack, config } = this.#lost;
    await putBack();
    const before = await this.#state();
    const watch = this.#watch();
    await this.#kill(kill);
    if (killAbortAfterMilliseconds !== undefined) {
      await medplumDr(this.#lost.options, ['abort', this.#id], killAbortAfterMilliseconds);
    }
    const { exitCode, stdout, stderr } = await this.#run('abort', this.#id);
    const seen = await watch.end();

    if (LOOKING.has(kill.step)) {
      expect(exitCode, stderr).to.equal(2);
      expect(stderr).to.include('There is no run');
    } else if (killAbortAfterMilliseconds !== undefined && exitCode === 2) {
      // The first one came to its end before it was killed.
      expect(stderr).to.include('is over: aborted');
    } else {
      expect(exitCode, stdout + stderr).to.equal(0);
    }
    expect(seen.addresses.map(({ address }) => address)).to.deep.equal([config.site.address]);
    expect(seen.bothApplications).to.deep.equal([]);
    // Whoever comes next takes over the lock of a driver that is dead.
    await this.#comesTo({ ...before, heldBy: LOOKING.has(kill.step) ? 'recovery RUN' : null });
    expect(await readFile(path.join(workspace.outside, 'dns', 'zone.json'), 'utf8')).to.include(config.site.address);
  }

  /** After the cutover there is no abort, and asking for it changes nothing. */
  async abortRefused(kill: Kill): Promise<EndState> {
    return this.#recovered(async () => {
      await this.#kill(kill);
      const { exitCode, stderr } = await this.#run('abort', this.#id);
      expect(exitCode, stderr).to.equal(2);
      expect(stderr).to.include('has moved traffic').and.include('failback');
      return this.#run('resume', this.#id, '--json');
    });
  }

  async #recovered(work: () => Promise<Outcome>): Promise<EndState> {
    const { workspace, config, data, putBack } = this.#lost;
    await putBack();
    const watch = this.#watch();
    const { exitCode, stdout, stderr } = await work();
    const seen = await watch.end();

    expect(exitCode, stderr).to.equal(0);
    const report = recoveryReportSchema.parse(JSON.parse(stdout));
    expect(report.result).to.equal('recovered');
    const entries = await journalOf(workspace, report.id);
    checkJournal(entries, 'recovery');
    checkTraffic(seen, entries, { from: config.site.address, to: config.recoverySite!.address });
    expect(await resolved(config)).to.deep.equal([config.recoverySite!.address]);
    expect(await restoredData(workspace, entries, data.until), 'the data at the loss').to.deep.equal(data.digest);
    return this.#state(report.id);
  }

  /** Waits for what a killed driver left to end, and compares. */
  async #comesTo(expected: EndState): Promise<void> {
    await until(async () => (await this.#state()).processes.join() === expected.processes.join(), 10_000);
    expect(await this.#state()).to.deep.equal(expected);
  }

  #state(id = this.#id): Promise<EndState> {
    return endStateOf(this.#lost.workspace, id);
  }

  #watch(): Watch {
    const { config } = this.#lost;
    return new Watch(config, { from: config.site, to: config.recoverySite! });
  }

  #kill(kill: Kill): Promise<void> {
    return killedDriver(this.#lost.options, { environment: NAME, mode: 'recovery', id: this.#id }, kill);
  }

  #run(...args: readonly string[]): Promise<Outcome> {
    return medplumDr(this.#lost.options, args);
  }
}
