// The stand-in: a small server that answers as Medplum does where disaster recovery looks, over PostgreSQL tables laid
// out as Medplum's. It is not Medplum: it has no access policies, queues, running bots, validation, search
// columns or real migrations, and a pass against it shows the recovery's sequence, not Medplum's compatibility.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { type Application, startApplication } from './application';
import { ConfigurationError, configurationFromEnvironment } from './configuration';
import { log } from './log';
import { createHttpServer } from './server';

// Requests under way get this long to end, in milliseconds; the process is gone within 2 s.
const graceMilliseconds = 1000;
const exitMilliseconds = 1800;

async function main(): Promise<void> {
  const [source = '', ...rest] = process.argv.slice(2);
  if (source !== 'env' || rest.length > 0) {
    throw new ConfigurationError([`the stand-in reads its configuration from "env" only, not from "${source}"`]);
  }
  const configuration = configurationFromEnvironment(process.env);
  const application = await startApplication(configuration);
  const server = createHttpServer(application);
  server.listen(configuration.port, configuration.address);
  await once(server, 'listening');
  process.once('SIGTERM', () => void stop(application, server));
  process.once('SIGINT', () => void stop(application, server));
  log('INFO', 'Server started', { port: configuration.port, version: configuration.serverVersion });
}

async function stop(application: Application, server: Server): Promise<void> {
  setTimeout(() => process.exit(0), exitMilliseconds);
  setTimeout(() => {
    server.closeAllConnections();
  }, graceMilliseconds);
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
  await application.close();
  process.exit(0);
}

main().catch((error: unknown) => {
  process.stderr.write(`medplum stand-in: ${describe(error)}\n`);
  process.exit(1);
});

/** One line. A refused connection to a name with several addresses has its reason only in `code`. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const code = 'code' in error ? String(error.code) : error.name;
  return (error.message === '' ? code : error.message).replaceAll('\n', ' ');
}
