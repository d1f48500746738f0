import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { MonitoringArgs, MonitoringLayer } from '../layers';
import type { LocalConfig, OutsideFolders } from './config';
import { ownProgram } from '../package-root';
import { Process, type LocalProvider } from './resources';

/** The health watcher. It stands outside both sites, so that it outlives the one it watches. */
export class Monitoring extends pulumi.ComponentResource implements MonitoringLayer {
  constructor(
    name: string,
    args: MonitoringArgs & { config: LocalConfig; outside: OutsideFolders; provider: LocalProvider },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:Monitoring', name, {}, options);
    const { config, outside, provider, traffic } = args;
    const { interval, failures, webhook } = config.monitoring;
    new Process(
      `${name}-watcher`,
      {
        name: 'watcher',
        command: ownProgram('components', 'local', 'watcher', 'main.js'),
        folder: path.dirname(outside.root),
        environment: {
          MEDPLUM_DR_WATCHER: JSON.stringify({
            name: config.traffic.name,
            port: config.traffic.port,
            dns: config.traffic.dns,
            intervalSeconds: interval,
            failures,
            webhook,
            folder: outside.monitoring,
          }),
        },
        logFile: path.join(outside.logs, 'watcher.log'),
        pidFile: path.join(outside.root, 'run', 'watcher.pid'),
        ready: { kind: 'started' },
        running: true,
        site: null,
      },
      { parent: this, provider, dependsOn: [traffic] }
    );
    this.registerOutputs({});
  }
}
