import { messageOf } from '../../../components/errors';
import { runClient } from './client';
import { CONFIG_VARIABLE, rehearsalClientConfigSchema, SECRET_VARIABLE } from './config';

/* The continuous client of a drill, as a process of its own. It ends on SIGTERM and SIGINT. */
async function main(): Promise<void> {
  const config = rehearsalClientConfigSchema.parse(JSON.parse(process.env[CONFIG_VARIABLE] ?? 'null'));
  const secret = process.env[SECRET_VARIABLE];
  if (secret === undefined || secret === '') {
    throw new Error(`${SECRET_VARIABLE} is not set`);
  }
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  const longest = setTimeout(end, config.longestSeconds * 1000);
  await runClient(config, secret, stop.signal);
  clearTimeout(longest);
}

main().catch((error: unknown) => {
  process.stderr.write(`The client of the drill ended: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
