import { judged } from '../../automation/verification/check';
import { recordedOf } from '../../automation/verification/context';
import type { SiteVerification } from '../../automation/verification/site';
import type { SiteOutputs } from '../../components/site-operations';
import type { DriverProcess } from '../driver-process';
import { reachedSite } from './operations';
import { takesWrites, type Site } from './site';
import type { Universe } from './universe';

/** Verification on a simulated site: by what is there, whatever its health says. */
export function simulatedVerification(universe: Universe, driver: DriverProcess): SiteVerification {
  const databaseOf = (outputs: SiteOutputs): Site => {
    const name = outputs.secretsLocation;
    const place = universe.site(name)?.place;
    const site = place === undefined ? null : reachedSite(universe, name, place);
    if (site?.database !== 'running') {
      throw Object.assign(new Error(`ECONNREFUSED: the database of ${name}`), { code: 'ECONNREFUSED' });
    }
    return site;
  };
  const newest = (site: Site): string | null => {
    const last = site.log.at(-1);
    return last === undefined ? null : new Date(last.at).toISOString();
  };
  return {
    data: (under) => {
      const { outputs } = under.result('recovery-stack');
      const recorded = recordedOf(under.result('recovery-point'));
      return driver.look(`verify the data of ${outputs.secretsLocation}`, () => {
        const site = databaseOf(outputs);
        const expected = recorded.known ? (recorded.fingerprint.resourceCounts['Patient'] ?? 0) : 0;
        const checks = [
          judged({ id: 'database-writable', title: 'The database takes writes' }, !site.readOnly, 'asked'),
          judged({ id: 'schema-version', title: 'The schema fits' }, true, 'asked'),
          judged({ id: 'signing-keys', title: 'Signing keys are there' }, true, 'asked'),
          judged(
            { id: 'resource-counts', title: 'As much is there as was recorded' },
            site.log.length >= expected,
            `${site.log.length} of ${expected}`
          ),
        ];
        if (universe.mutation === 'trusts-green-health') {
          checks.splice(0, checks.length, ...checks.map((check) => judged(check, true, 'its health is green')));
        }
        const good = checks.every((check) => check.status === 'passed');
        universe.invariants.verified(universe, site.stack, good ? 'data' : 'nothing');
        return {
          ...{ checks, newestWriteAt: newest(site), newestObjectAt: null, missingObjects: 0, postgresqlVersion: '16' },
        };
      });
    },
    probe: (target) =>
      driver.look(`probe ${target.endpoint.address}`, () => {
        const site = universe.answering(target.endpoint.address);
        if (site === null) {
          return { kind: 'unreachable', reason: 'ECONNREFUSED' };
        }
        universe.invariants.verified(universe, site.stack, 'health');
        // Green while the database takes no writes: Medplum's health check only reads.
        return {
          kind: 'answered',
          status: 200,
          body: { ok: true, postgres: site.database === 'running', redis: true, version: '5.0.10-simulated' },
        };
      }),
    api: (under) =>
      driver.look('verify the API', () => {
        const site = databaseOf(under.result('recovery-stack').outputs);
        return [judged({ id: 'write-read-back', title: 'A write is read back' }, takesWrites(site), 'tried')];
      }),
    newestWrite: (_operations, outputs) => driver.look('newest write', () => newest(databaseOf(outputs))),
    writesAfter: (_operations, outputs, at) =>
      driver.look('writes after the cutover', () => {
        const { log } = databaseOf(outputs);
        return universe.mutation === 'rollback-ignores-writes'
          ? 0
          : log.filter((write) => write.at > Date.parse(at)).length;
      }),
  };
}
