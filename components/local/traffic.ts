import path from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import type { TrafficArgs, TrafficLayer } from '../layers';
import type { LocalConfig, OutsideFolders } from './config';
import { ownProgram } from '../package-root';
import { DnsRecord, Process, type LocalProvider } from './resources';

/** The environment's name server and its record. Both lie outside the sites; only a primary stack has them. */
export class Traffic extends pulumi.ComponentResource implements TrafficLayer {
  readonly endpoint: pulumi.Output<{ name: string; address: string; port: number; site: string }>;

  constructor(
    name: string,
    args: TrafficArgs & {
      /** Name of this stack, which serves until the first cutover. */
      stack: string;
      config: LocalConfig;
      outside: OutsideFolders;
      provider: LocalProvider;
    },
    options: pulumi.ComponentResourceOptions
  ) {
    super('medplum-dr:local:Traffic', name, {}, options);
    const { active, config, outside, provider } = args;
    const { dns, name: recordName, ttl, port } = config.traffic;
    const server = new Process(
      `${name}-name-server`,
      {
        name: 'name-server',
        command: ownProgram('components', 'local', 'dns', 'server.js'),
        folder: path.dirname(outside.root),
        environment: { MEDPLUM_DR_DNS: JSON.stringify({ zoneFile: outside.zoneFile, ...dns }) },
        logFile: path.join(outside.logs, 'name-server.log'),
        pidFile: path.join(outside.root, 'run', 'name-server.pid'),
        ready: { kind: 'tcp', ...dns, timeoutSeconds: 10 },
        running: true,
        site: null,
      },
      { parent: this, provider }
    );
    const record = new DnsRecord(
      `${name}-record`,
      {
        zoneFile: outside.zoneFile,
        name: recordName,
        address: active?.address ?? pulumi.output(args.siteEndpoint).apply(addressOf),
        ttlSeconds: Math.round(ttl),
        site: active?.site ?? args.site,
        stack: active?.stack ?? args.stack,
        replaces: active?.replaces ?? null,
        generation: active?.generation ?? 0,
        server: dns,
      },
      { parent: this, provider, dependsOn: [server], protect: true }
    );
    this.endpoint = pulumi
      .all([record.name, record.address, record.site])
      .apply(([host, address, site]) => ({ name: host, address, port, site }));
    this.registerOutputs({ endpoint: this.endpoint });
  }
}

function addressOf(endpoint: { address: string } | null): string {
  if (endpoint === null) {
    throw new pulumi.RunError(
      'The site of this stack is removed, and medplum-dr:activeEndpoint does not say who serves.'
    );
  }
  return endpoint.address;
}
