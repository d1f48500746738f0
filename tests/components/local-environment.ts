import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import type { ActiveEndpoint, Restore } from '../../components/config';
import { packageRoot } from '../../components/package-root';
import { CONFIG_NAMESPACE, environmentProgram, loadEnvironment } from '../../components/program';
import { record, UNKNOWN, type Recording } from '../support/pulumi-mocks';

/** Project directory of every recorded program: nothing is read or written there. */
export const PROJECT = '/project';
export const SITE_A = `${PROJECT}/.medplum-dr/local-primary/site-a`;
export const SITE_B = `${PROJECT}/.medplum-dr/local-primary/site-b`;
export const OUTSIDE = `${PROJECT}/.medplum-dr/local-primary/outside`;

export const RESTORE: Restore = {
  recoveryId: '20261124-1',
  recoveryPoint: 'base-7',
  source: { replica: `${SITE_B}/replica/local-primary`, bases: ['base-7'], target: { kind: 'latest' } },
  generation: 0,
};

/** What a cutover to the recovery site writes into the primary stack's config. */
export const ACTIVE_AT_B: ActiveEndpoint = {
  site: 'site-b',
  stack: 'local-primary-r-20261124-1',
  recoveryId: '20261124-1',
  generation: 1,
  address: '127.0.0.3',
  port: 8103,
  since: '2026-11-24T12:00:00Z',
  replaces: null,
};

/** A value that must show in no input but as a secret. */
export const SECRET_VALUE = 'correct-horse-battery-staple';

/** The committed example config of the local platform, keys without the namespace. */
export function committedConfig(): Record<string, unknown> {
  const file = path.join(packageRoot(), 'stacks', 'Pulumi.local-primary.yaml');
  const document = parse(readFileSync(file, 'utf8')) as Record<string, Record<string, unknown>>;
  const config = document['config'] ?? {};
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^medplum-dr:/, ''), value]));
}

/** Config of the stack that recovers the committed example, as the driver makes it. */
export function recoveryConfig(): Record<string, unknown> {
  return loadEnvironment(committedConfig(), { projectDirectory: PROJECT, stack: 'local-primary' }).recoveryConfig(
    RESTORE
  );
}

export interface EnvironmentOptions {
  readonly stack?: string;
  readonly preview?: boolean;
  /** A machine with `redis-server` on PATH, or one without. */
  readonly redis?: boolean;
}

/** Records the whole program for the config of a stack, keys without the namespace. */
export function recordEnvironment(
  values: Record<string, unknown>,
  options: EnvironmentOptions = {}
): Promise<Recording> {
  return recordWithConfig(() => environmentProgram(PROJECT), values, options);
}

/** Records any program against the types that the local platform's provider has. */
export async function recordWithConfig(
  program: () => unknown,
  values: Record<string, unknown>,
  { stack = 'local-primary', preview = false, redis = true }: EnvironmentOptions = {}
): Promise<Recording> {
  const texts = Object.entries(values).map(([key, value]) => [
    `${CONFIG_NAMESPACE}:${key}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const restorePath = onlyOnPath(redis ? ['redis-server'] : []);
  try {
    return await record(program, {
      stack,
      preview,
      config: Object.fromEntries(texts) as Record<string, string>,
      secretKeys: [`${CONFIG_NAMESPACE}:secrets`],
      computed: {
        'medplum-local:index:Site': () => ({ present: true }),
        'medplum-local:index:SecretStore': () => ({ names: ['databasePassword'] }),
        'medplum-local:index:Postgresql': ({ restore }) => ({
          status: 'running',
          restoredFrom:
            restore === null ? null : { backup: 'base-7', skipped: [], replayedTo: '0/5000060', shortfall: null },
        }),
        'medplum-local:index:ObjectStore': () => ({ present: true }),
        'medplum-local:index:Process': ({ running }) => ({ status: running === true ? 'running' : 'stopped' }),
        'medplum-local:index:DnsRecord': () => ({ current: true }),
      },
    });
  } finally {
    restorePath();
  }
}

/** The recorded stand-in for programs of the machine: its folder is the only one on PATH while a program is recorded. */
function onlyOnPath(programs: readonly string[]): () => void {
  const before = process.env['PATH'];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'medplum-dr programs-'));
  for (const program of programs) {
    writeFileSync(path.join(folder, program), '');
    chmodSync(path.join(folder, program), 0o755);
  }
  process.env['PATH'] = folder;
  return () => {
    process.env['PATH'] = before;
    rmSync(folder, { recursive: true });
  };
}

/** The same recording text on every machine: paths of this one become words. */
export function withoutMachinePaths(text: string): string {
  return text
    .replaceAll(process.execPath, '<node>')
    .replaceAll(packageRoot(), '<package>')
    .replace(/[^\s'"]*\/medplum-dr programs-[^/]*\/redis-server/g, '<redis-server>');
}

/** Runs a block of tests twice: on an update, and on a preview, where what a provider computes is not known yet. */
export function onUpdateAndPreview(block: (preview: boolean, known: <T>(value: T) => T | string) => void): void {
  for (const preview of [false, true]) {
    describe(preview ? 'in a preview' : 'in an update', () => {
      block(preview, (value) => (preview ? UNKNOWN : value));
    });
  }
}
