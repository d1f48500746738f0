import path from 'node:path';
import { factsOf } from '../../components/local/postgresql/facts';
import { backUpNow } from '../../components/local/postgresql/back-up-now';
import { OperatorError } from '../../components/errors';
import type { RehearsalPrimary } from './environment';
import { REHEARSAL_ENVIRONMENT, replicaIn, type RehearsalWorkspace } from './workspace';

/** Base backups that a rehearsal keeps: the one taken at first, and those it asks for itself. */
const KEPT = 5;

/** Takes and verifies a base backup of the primary now; returns its id. */
export async function backUp(workspace: RehearsalWorkspace, primary: RehearsalPrimary): Promise<string> {
  const { outputs, environment } = primary;
  const operations = environment.operations();
  const { host, port, name, username, passwordSecret } = outputs.database;
  const password = await operations.secret(outputs, passwordSecret);
  const { address, port: publicPort } = outputs.siteEndpoint;
  const database = await operations.connectDatabase(outputs);
  try {
    const { id, damage } = await backUpNow({
      connection: { host, port, database: name, user: username, password: password ?? '' },
      dataDirectory: path.join(workspace.sites.primary, REHEARSAL_ENVIRONMENT, 'database'),
      replica: replicaIn(workspace),
      facts: () => factsOf(database, `http://${address}:${publicPort}/healthcheck`),
      keep: KEPT,
    });
    if (damage.length > 0) {
      throw new OperatorError('recovery-failed', `Base backup ${id} is damaged already: ${damage.join('; ')}`, {
        hint: 'Look at the disk of this machine.',
      });
    }
    return id;
  } finally {
    await database.end();
  }
}
