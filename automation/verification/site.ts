import { z } from 'zod';
import type { SiteOperations, SiteOutputs } from '../../components/site-operations';
import { checkHealth, type Health } from '../../medplum/health';
import type { ServerTarget } from '../../medplum/transport';
import { binaryVersions, newestWrite, writesAfter } from '../../medplum/writes';
import type { StepResults } from '../recovery/results';
import type { StepContext } from '../recovery/step';
import { anonymousClientOf, apiClientOf } from './api';
import { binaries } from './binaries';
import { notChecked, type Check } from './check';
import { clockAgrees } from './clock-agrees';
import { recordedOf } from './context';
import { databaseWritable } from './database-writable';
import { logComplete } from './log-complete';
import { resourceCounts } from './resource-counts';
import { samples, samplesNotChecked } from './samples';
import { schemaVersion } from './schema-version';
import { servedSigningKeys, signingKeys } from './signing-keys';
import { writeReadBack, writeReadBackCheck } from './write-read-back';

/** What verification knows of the site that it looks at. */
export type SiteUnderTest = Pick<StepContext, 'operations' | 'environment' | 'signal' | 'result' | 'waiting' | 'clock'>;

/** How a run looks at a site that was made: at its data, and at Medplum on it. It judges nothing; steps do. */
export interface SiteVerification {
  /** The restored database and object store themselves, whatever the server says of its health. */
  data(site: SiteUnderTest): Promise<StepResults['verify-data']>;
  /** One question to /healthcheck. */
  probe(target: ServerTarget, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<Health>;
  /** What an ordinary client gets from the API. */
  api(site: SiteUnderTest): Promise<Check[]>;
  /** ISO instant of the newest write in a site's database. */
  newestWrite(operations: SiteOperations, outputs: SiteOutputs): Promise<string | null>;
  /** How many versions were written after a moment, deletes included. */
  writesAfter(operations: SiteOperations, outputs: SiteOutputs, at: string): Promise<number>;
}

/** Verification of a real Medplum, by its database and its API. */
export const medplumVerification: SiteVerification = {
  async data(site) {
    const { operations, environment, clock } = site;
    const { outputs } = site.result('recovery-stack');
    const recorded = recordedOf(site.result('recovery-point'));
    const database = await operations.connectDatabase(outputs);
    try {
      const context = { database, recorded };
      const checks = [
        logComplete(outputs.database.restoredFrom),
        await databaseWritable(context),
        await schemaVersion(context),
        await signingKeys(context),
        await resourceCounts(context),
        await clockAgrees(database, clock),
      ];
      const newestWriteAt = await newestWrite(database);
      const found = await binaries(await binaryVersions(database), {
        operations,
        outputs,
        newestWriteAt,
        rpoSeconds: environment.config.objectives.rpo,
      });
      const { rows } = await database.query('show server_version');
      const [version] = z.array(z.object({ server_version: z.string() })).parse(rows);
      return {
        checks: [...checks, found.check],
        newestWriteAt,
        newestObjectAt: found.newestObjectAt,
        missingObjects: found.missing,
        postgresqlVersion: version?.server_version ?? 'unknown',
      };
    } finally {
      await database.end();
    }
  },

  probe: checkHealth,

  async api(site) {
    const recorded = recordedOf(site.result('recovery-point'));
    const checks = [await servedSigningKeys(anonymousClientOf(site), recorded)];
    const api = await apiClientOf(site, 'verification');
    if (api.client === null) {
      const reason = `${api.reason}; see docs/how-to/verification-client.md`;
      return [...checks, ...samplesNotChecked(reason), notChecked(writeReadBackCheck, reason)];
    }
    const database = await site.operations.connectDatabase(site.result('recovery-stack').outputs);
    try {
      checks.push(...(await samples(api.client, api.clientId, database, recorded)));
    } finally {
      await database.end();
    }
    return [...checks, await writeReadBack(api.client)];
  },

  async newestWrite(operations, outputs) {
    const database = await operations.connectDatabase(outputs);
    try {
      return await newestWrite(database);
    } finally {
      await database.end();
    }
  },

  async writesAfter(operations, outputs, at) {
    const database = await operations.connectDatabase(outputs);
    try {
      const counts = await writesAfter(database, new Date(at));
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    } finally {
      await database.end();
    }
  },
};
