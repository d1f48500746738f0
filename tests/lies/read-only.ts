import { expect } from 'chai';
import { escapeIdentifier } from 'pg';
import { checkHealth, type Health } from '../../medplum/health';
import { resolved } from '../drill/places';
import type { LostEnvironment } from './lost-environment';
import { beforeLooking, recover, told } from './recover';

export function readOnlyDatabase(lost: () => LostEnvironment, newId: () => string): void {
  it('a health check that is green while the database is read-only', async () => {
    const { config } = lost();
    const id = newId();
    let health: Health | undefined;
    const setReadOnly = (value: 'on' | 'off'): ReturnType<typeof beforeLooking> =>
      beforeLooking('data', async (site) => {
        const { outputs } = site.result('recovery-stack');
        const database = await site.operations.connectDatabase(outputs);
        await database.query('set session characteristics as transaction read write');
        const name = escapeIdentifier(outputs.database.name);
        await database.query(`alter database ${name} set default_transaction_read_only = ${value}`);
        await database.end();
        const target = { endpoint: outputs.siteEndpoint, baseUrl: config.application.baseUrl };
        health = await checkHealth(target, { timeoutMs: 5000, signal: site.signal });
      });

    const first = await recover(lost(), { id, world: setReadOnly('on') });

    expect(first.result).to.equal('failed');
    expect(health).to.deep.include({ kind: 'answered', status: 200 });
    expect(health).to.have.deep.nested.property('body.postgres', true);
    expect(first.checks).to.include({ 'database-writable': 'failed', 'resource-counts': 'passed' });
    expect(told(first)).to.include(
      'default_transaction_read_only is on (set by: database): reads work and every write fails. Set it to off there'
    );
    expect(await resolved(config), 'traffic').to.deep.equal([config.site.address]);

    const second = await recover(lost(), { id, resume: true, world: setReadOnly('off') });
    expect(second.result, told(second)).to.equal('recovered');
    expect(await resolved(config), 'traffic').to.deep.equal([config.recoverySite!.address]);
  });
}
