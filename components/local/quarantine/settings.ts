import path from 'node:path';
import { QUARANTINE_SETTINGS, withoutForbidden } from '../../../medplum/quarantine';
import { packageRoot } from '../../package-root';
import type { LocalConfig, SiteFolders } from '../config';
import { GATE_VARIABLE, type GateSettings } from './gate-settings';

/** What is added to the server of a site by config, as it stands or as quarantine leaves it. */
export function operatorSettings(
  config: LocalConfig,
  folders: Pick<SiteFolders, 'live'>
): {
  readonly environment: Readonly<Record<string, string>>;
  readonly secretEnvironment: Readonly<Record<string, string>>;
} {
  const { application, quarantine } = config;
  if (quarantine === undefined) {
    return application;
  }
  // A secret of these names would take the place of what loads the gate.
  const { NODE_OPTIONS, [GATE_VARIABLE]: gate, ...secretEnvironment } = withoutForbidden(application.secretEnvironment);
  return {
    environment: {
      ...withoutForbidden(application.environment),
      ...QUARANTINE_SETTINGS,
      // First, so that what the operator loads finds the gate closed already.
      NODE_OPTIONS: [`--require ${quoted(gateFile())}`, application.environment['NODE_OPTIONS'] ?? ''].join(' ').trim(),
      [GATE_VARIABLE]: JSON.stringify(gateSettings(config, folders)),
    },
    secretEnvironment,
  };
}

/** Where the gate of a copy notes what it refused. */
export function attemptsFile(folders: Pick<SiteFolders, 'live'>): string {
  return path.join(folders.live, 'quarantine.jsonl');
}

function gateSettings({ site, traffic }: LocalConfig, folders: Pick<SiteFolders, 'live'>): GateSettings {
  return {
    file: attemptsFile(folders),
    allow: [
      `${site.address}:${site.ports.database}`,
      `${site.address}:${site.ports.cache}`,
      `127.0.0.1:${site.ports.application}`,
      `${site.address}:${traffic.port}`,
    ],
    names: { [traffic.name]: site.address },
  };
}

function gateFile(): string {
  return path.join(packageRoot(), 'dist', 'components', 'local', 'quarantine', 'gate.js');
}

/** As Node reads NODE_OPTIONS: in double quotes, with a backslash before quotes and backslashes. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
