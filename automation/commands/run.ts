import { EXIT_CODES } from '../exit-codes';
import type { RecoveryRun } from '../recovery/recover';
import { renderProgress } from '../progress/render';
import { summarise } from '../report/summary';

/**
 * Runs to the end with progress on standard error, the summary or the report on standard output. The first Ctrl-C asks
 * the run to stop where that is safe; the engine gets the terminal's signal by itself.
 */
export async function runToEnd(
  start: (signal: AbortSignal) => Promise<RecoveryRun>,
  flags: { readonly json?: true }
): Promise<number> {
  const stop = new AbortController();
  const onSignal = (): void => {
    process.stderr.write('\nStopping at the next safe place…\n');
    stop.abort(new Error('stopped by a signal'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onHangUp);
  try {
    const run = await start(stop.signal);
    await renderProgress(run.events, process.stderr);
    const { report, reportDirectory, error } = await run.result;
    if (flags.json === true) {
      process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    } else {
      const where = reportDirectory === null ? 'none is kept, as nothing was made' : `${reportDirectory}/report.html`;
      const lines = [...summarise(report), `Report: ${where}`];
      process.stdout.write(`\n${lines.join('\n')}\n`);
    }
    if (error !== null) {
      const lines = [error.message, ...error.problems.map((problem) => `  - ${problem}`), error.hint];
      process.stderr.write(`\n${lines.join('\n')}\n`);
    }
    return error === null ? 0 : EXIT_CODES[error.kind];
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    process.off('SIGHUP', onHangUp);
  }
}

/** A lost connection is no wish to stop: the run goes on, and its journal and report tell how it went. */
function onHangUp(): void {
  process.stderr.write('The terminal is gone; going on\n');
}
