import { expect } from 'chai';
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { EXIT_CODES } from '../../automation/exit-codes';
import { realClock } from '../../automation/recovery/clock';
import type { World } from '../../automation/recovery/world';
import { startNameServer, type NameServer } from '../rehearsal/name-server';
import { configOf, resolved } from '../drill/places';
import type { LostEnvironment } from './lost-environment';
import { recover, told } from './recover';

export function nameThatStaysOld(lost: () => LostEnvironment, newId: () => string): void {
  it('a caching name server that answers the old address for ever', async () => {
    const { config, workspace } = lost();
    const { address: from } = config.site;
    const { address: to } = config.recoverySite!;
    const cache = await startNameServer(from, config.traffic.ttl);
    const id = newId();
    const zone = (): Promise<string> => readFile(path.join(workspace.outside, 'dns', 'zone.json'), 'utf8');
    let jump = 0;
    try {
      const first = await recover(lost(), {
        id,
        world: (world) => ({
          ...askingBy(cache, world, config.traffic.name),
          clock: { ...realClock, now: () => new Date(Date.now() + jump) },
        }),
        onEvent: (event) => {
          if (event.kind === 'step-waiting' && event.waitingFor.includes(`to resolve to ${to}`)) {
            jump = 60_000;
          }
        },
      });

      expect(first.result).to.equal('failed');
      expect(first.error && EXIT_CODES[first.error.kind]).to.equal(4);
      expect(told(first))
        .to.include(`${config.traffic.name} still resolves to ${from} and not to ${to}.`)
        .and.include('The record was changed')
        .and.include('Resume the run to watch on.');
      // Config and record agree on the new site: whoever asks the name server itself gets there.
      expect((await configOf(workspace)).activeEndpoint).to.include({ recoveryId: id, address: to });
      expect(await zone())
        .to.include(to)
        .and.not.include(`"${from}"`);
      expect(await resolved(config)).to.deep.equal([to]);

      const aborted = await lost().run('abort', id);
      expect(aborted.exitCode, aborted.stderr).to.equal(2);
      expect(aborted.stderr).to.include(`has moved traffic to ${to}`).and.include('The way back');

      cache.set(to, config.traffic.ttl);
      const second = await recover(lost(), {
        id,
        resume: true,
        world: (world) => askingBy(cache, world, config.traffic.name),
      });
      expect(second.result, told(second)).to.equal('recovered');
      expect(second.report.traffic).to.include({ before: from, after: to });
    } finally {
      await cache.close();
    }
  });
}

/** The world as it is seen through another name server. */
function askingBy({ address, port }: NameServer, world: World, name: string): World {
  const resolver = new Resolver({ timeout: 1000, tries: 3 });
  resolver.setServers([`${address}:${port}`]);
  return {
    ...world,
    configs: {
      ...world.configs,
      open: async (stack) => {
        const environment = await world.configs.open(stack);
        return {
          ...environment,
          operations: () => ({
            ...environment.operations(),
            resolve: async () => {
              const records = await resolver.resolve4(name, { ttl: true });
              return { addresses: records.map((record) => record.address), ttlSeconds: records[0]?.ttl ?? 0 };
            },
          }),
        };
      },
    },
  };
}
