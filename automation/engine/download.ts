import { OperatorError, messageOf } from '../../components/errors';
import { durationOrZeroSchema } from '../../components/duration';
import { execute } from './execute';
import { type OnProgress, withElapsedTime } from './progress';

const INSTALLER = 'https://get.pulumi.com';
const REACH_TIMEOUT_MILLISECONDS = 5_000;
const TIMEOUT_VARIABLE = 'MEDPLUM_DR_ENGINE_DOWNLOAD_TIMEOUT';
const DEFAULT_TIMEOUT = '2m';

/**
 * Runs in a process of its own: `PulumiCommand.install` cannot be aborted, and its unfinished downloads would keep this
 * process alive.
 */
const INSTALL_SCRIPT = `
const [automation, root] = process.argv.slice(1);
require(automation).PulumiCommand.install({ root }).catch((error) => {
  process.stderr.write(error.message);
  process.exitCode = 1;
});`;

export interface DownloadOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Has the Automation API install its own version of the engine into `root`, which downloads Pulumi's install script and
 * runs it. `MEDPLUM_DR_ENGINE_DOWNLOAD_TIMEOUT` limits how long that may take (a duration; `0s` forbids it).
 */
export async function downloadEngine(root: string, options: DownloadOptions): Promise<void> {
  const { environment, onProgress, signal } = options;
  const timeoutSeconds = downloadTimeout(environment);
  if (timeoutSeconds === 0) throw new Error(`not tried, as ${TIMEOUT_VARIABLE} is 0`);
  await checkReachable(signal);
  onProgress(`Downloading the Pulumi engine to ${root}: once a machine, usually a minute, at most ${timeoutSeconds} s`);
  await withElapsedTime('Downloading the Pulumi engine', onProgress, () =>
    execute(process.execPath, ['-e', INSTALL_SCRIPT, require.resolve('@pulumi/pulumi/automation'), root], {
      environment,
      signal,
      timeoutSeconds,
    })
  );
}

function downloadTimeout(environment: NodeJS.ProcessEnv): number {
  const parsed = durationOrZeroSchema.safeParse(environment[TIMEOUT_VARIABLE] ?? DEFAULT_TIMEOUT);
  if (parsed.success) return parsed.data;
  throw new OperatorError('bad-input', `${TIMEOUT_VARIABLE} is not a duration`, {
    hint: 'Set it to 90s or 2m, say, or unset it.',
  });
}

/** Without a network, or behind a firewall that drops packets, this is known within seconds. */
async function checkReachable(signal: AbortSignal | undefined): Promise<void> {
  const timeout = AbortSignal.timeout(REACH_TIMEOUT_MILLISECONDS);
  try {
    await fetch(INSTALLER, {
      method: 'HEAD',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? ` (${messageOf(error.cause)})` : '';
    throw new Error(`${INSTALLER} cannot be reached: ${messageOf(error)}${cause}`, { cause: error });
  }
}
