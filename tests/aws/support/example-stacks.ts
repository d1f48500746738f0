import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../../components/package-root';
import { CONFIG_NAMESPACE, environmentProgram, loadEnvironment } from '../../../components/program';
import { record, type Recording, type Registration } from '../../support/pulumi-mocks';
import { COMPUTED } from './computed';

/*
 * Every AWS stack of the examples, and every recovery that can be made of them, recorded whole on mocks.
 */

const PROJECT = '/project';
export const ACCOUNT = '123456789012';
export const HOME = 'eu-central-1';
export const AWAY = 'eu-west-1';
export const KEY_AWAY = `arn:aws:kms:${AWAY}:${ACCOUNT}:key/standing`;
export const STANDING_BALANCER = `standing-1.${AWAY}.elb.amazonaws.com`;

/** Values that must show in no input but as a secret. */
export const SECRET_VALUES = {
  signingKey: 'not-in-clear-1',
  databasePassword: 'not-in-clear-2',
  superAdminClientId: 'x',
};

type Values = Record<string, unknown>;

export function exampleNames(): string[] {
  return readdirSync(path.join(packageRoot(), 'stacks')).flatMap(
    (file) => /^Pulumi\.(aws-.*)\.yaml$/.exec(file)?.[1] ?? []
  );
}

/** Committed config of an example stack, keys without the namespace. */
export function exampleConfig(stack: string): Values {
  const file = path.join(packageRoot(), 'stacks', `Pulumi.${stack}.yaml`);
  const { config } = parse(readFileSync(file, 'utf8')) as { config: Values };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^medplum-dr:/, ''), value]));
}

/** What a recovery of the primary is restored from: what its strategy and engine have in the recovery region. */
export function restoreSource(primary: Values): Values {
  const engine = (primary['database'] as Values)['engine'];
  if (primary['strategy'] !== 'backup-restore') {
    return { kind: 'replica', identifier: 'standing', host: 'standing.cluster.example', engineVersion: '16.6' };
  }
  return engine === 'aurora'
    ? {
        kind: 'snapshot',
        arn: `arn:aws:rds:${AWAY}:${ACCOUNT}:cluster-snapshot:awsbackup:copyjob-1`,
        engineVersion: '16.6',
      }
    : {
        kind: 'automated-backup',
        arn: `arn:aws:rds:${AWAY}:${ACCOUNT}:auto-backup:ab-1`,
        restoreTime: 'latest',
        engineVersion: '16.6',
      };
}

/** Config of the stack that recovers a primary, with what the driver adds to it. */
export function recoveryOf(stack: string, source?: Values): Values {
  const primary = exampleConfig(stack);
  const environment = loadEnvironment(primary, { projectDirectory: PROJECT, stack });
  const restore = {
    recoveryId: '20261124-1',
    recoveryPoint: 'point-7',
    source: source ?? restoreSource(primary),
    generation: 0,
  };
  return {
    ...environment.recoveryConfig(restore),
    standing: { keyArn: KEY_AWAY, loadBalancer: { dnsName: STANDING_BALANCER, hostedZoneId: 'Z32O12XQLNTSW2' } },
    secrets: { databasePassword: SECRET_VALUES.databasePassword },
  };
}

export interface Stack {
  readonly name: string;
  readonly role: string;
  readonly values: Values;
}

/** The committed stacks with secrets of an operator, and a recovery of each primary: of a replica by its backups, too. */
export function allStacks(): Stack[] {
  const committed = exampleNames().map((name) => ({ name, values: exampleConfig(name) }));
  const primaries = committed.filter(({ values }) => values['role'] === 'primary').map(({ name }) => name);
  const fromBackup = {
    kind: 'snapshot',
    arn: `arn:aws:rds:${AWAY}:${ACCOUNT}:cluster-snapshot:s`,
    engineVersion: '16.6',
  };
  return [
    ...committed.map(({ name, values }) => ({
      name,
      role: String(values['role']),
      values: { ...values, secrets: { signingKey: SECRET_VALUES.signingKey, superAdminClientId: 'x' } },
    })),
    ...primaries.map((name) => ({ name: `${name}-r-20261124-1`, role: 'recovery', values: recoveryOf(name) })),
    { name: 'aws-pilot-light-r-2', role: 'recovery', values: recoveryOf('aws-pilot-light', fromBackup) },
  ];
}

/** Records the whole program of a stack. @throws when it invokes anything, or registers a type not listed. */
export function recordStack(values: Values, stack: string, preview = false): Promise<Recording> {
  const texts = Object.entries(values).map(([key, value]) => [
    `${CONFIG_NAMESPACE}:${key}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return record(() => environmentProgram(PROJECT), {
    stack,
    preview,
    config: Object.fromEntries(texts) as Record<string, string>,
    secretKeys: [`${CONFIG_NAMESPACE}:secrets`],
    computed: COMPUTED,
  });
}

/** Those of one type, told by its last part: `rds/cluster:Cluster`. */
export function ofType(recording: Recording, type: string): readonly Registration[] {
  return recording.all.filter((each) => each.type === `aws:${type}`);
}

/** The only one of a type. */
export function theOne(recording: Recording, type: string): Registration {
  const [found, ...more] = ofType(recording, type);
  if (found === undefined || more.length > 0) {
    throw new Error(`${more.length + (found === undefined ? 0 : 1)} resources of type ${type}, not one`);
  }
  return found;
}

/** Inputs as one text, JSON documents within them and secrets included. */
export function inputText({ inputs }: Registration): string {
  return JSON.stringify(inputs);
}
