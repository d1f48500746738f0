import { z } from 'zod';
import { binaryVersions, newestWrite } from '../../medplum/writes';
import type { Step } from '../recovery/step';
import { binaries } from '../verification/binaries';
import { recordedOf } from '../verification/context';
import { databaseWritable } from '../verification/database-writable';
import { logComplete } from '../verification/log-complete';
import { requirePassed } from '../verification/required';
import { resourceCounts } from '../verification/resource-counts';
import { schemaVersion } from '../verification/schema-version';
import { signingKeys } from '../verification/signing-keys';

/** Proves the restore on the database and the object store themselves, whatever the server says of its health. */
export const verifyData: Step<'verify-data'> = {
  id: 'verify-data',
  title: 'Verify the data',
  budgetSeconds: 60,
  async run(context) {
    const { operations, environment, emit, waiting, acceptedChecks } = context;
    const { outputs } = context.result('recovery-stack');
    const recorded = recordedOf(context.result('recovery-point'));
    waiting('the restored database');
    const database = await operations.connectDatabase(outputs);
    try {
      const checkContext = { database, recorded };
      const checks = [
        logComplete(outputs.database.restoredFrom),
        await databaseWritable(checkContext),
        await schemaVersion(checkContext),
        await signingKeys(checkContext),
        await resourceCounts(checkContext),
      ];
      const newestWriteAt = await newestWrite(database);
      const found = await binaries(await binaryVersions(database), {
        operations,
        outputs,
        newestWriteAt,
        rpoSeconds: environment.config.objectives.rpo,
      });
      checks.push(found.check);
      for (const check of checks) {
        emit({ kind: 'check', step: 'verify-data', check });
      }
      requirePassed(checks, acceptedChecks);
      const { rows } = await database.query('show server_version');
      const [version] = z.array(z.object({ server_version: z.string() })).parse(rows);
      return {
        checks,
        newestWriteAt,
        newestObjectAt: found.newestObjectAt,
        missingObjects: found.missing,
        postgresqlVersion: version?.server_version ?? 'unknown',
      };
    } finally {
      await database.end();
    }
  },
  summarise: ({ checks, newestWriteAt }) =>
    `${checks.filter((check) => check.status === 'passed').length} of ${checks.length} checks passed; newest write ${newestWriteAt ?? 'none'}`,
};
