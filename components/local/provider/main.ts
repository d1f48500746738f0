import * as provider from '@pulumi/pulumi/provider';
import { isRpcSecret, unknownValue, unwrapRpcSecret } from '@pulumi/pulumi/runtime/rpc';
import { OperatorError } from '../../errors';
import { cancelAll } from './cancellation';
import { dnsRecordResource } from './dns-record';
import { erase } from './erase';
import { objectStoreResource } from './object-store';
import { postgresqlResource } from './postgresql';
import { processResource } from './process';
import type { AnyLocalResource } from './resource';
import { secretStoreResource } from './secret-store';
import { siteResource } from './site';

/*
 * The resource provider of the local platform. The engine starts it through `plugin/pulumi-resource-medplum-local`.
 * Its resources are folders and processes of this machine.
 */

const resources: Record<string, AnyLocalResource> = {
  'medplum-local:index:Site': erase(siteResource),
  'medplum-local:index:SecretStore': erase(secretStoreResource),
  'medplum-local:index:Postgresql': erase(postgresqlResource),
  'medplum-local:index:ObjectStore': erase(objectStoreResource),
  'medplum-local:index:Process': erase(processResource),
  'medplum-local:index:DnsRecord': erase(dnsRecordResource),
};

function resourceOf(urn: string): AnyLocalResource {
  // urn:pulumi:<stack>::<project>::<parent types$type>::<name>
  const type = urn.split('::')[2]?.split('$').at(-1) ?? '';
  const resource = resources[type];
  if (resource === undefined) {
    throw new Error(`resource type "${type}" is unknown to the medplum-local provider`);
  }
  return resource;
}

/** Values without the wrappers that mark secrets on the wire. */
function plain(value: unknown): unknown {
  if (isRpcSecret(value)) {
    return plain(unwrapRpcSecret(value));
  }
  if (Array.isArray(value)) {
    return value.map(plain);
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  return value;
}

function plainObject(value: unknown): Record<string, unknown> {
  return plain(value ?? {}) as Record<string, unknown>;
}

/** The engine shows an error's message only: what to do next goes into it. */
async function told<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof OperatorError ? new Error(`${error.message}. ${error.hint}`, { cause: error }) : error;
  }
}

function hasUnknown(value: unknown): boolean {
  if (value === unknownValue) {
    return true;
  }
  return typeof value === 'object' && value !== null && Object.values(value).some(hasUnknown);
}

const local: provider.Provider = {
  version: '0.1.0',
  check(urn, _olds, news: Record<string, unknown>) {
    // In a preview some inputs are not known yet; they are checked when they are.
    const failures = hasUnknown(news) ? [] : resourceOf(urn).check(plainObject(news));
    return Promise.resolve({ inputs: news, failures });
  },
  async diff(_id, urn, olds, news) {
    if (hasUnknown(news)) {
      return { changes: true };
    }
    return resourceOf(urn).diff(plainObject(olds), plainObject(news));
  },
  async create(urn, inputs) {
    const { id, state } = await told(resourceOf(urn).create(plainObject(inputs)));
    return { id, outs: state };
  },
  async read(id, urn, props) {
    const state = await resourceOf(urn).read(plainObject(props));
    return state === null ? {} : { id, props: state };
  },
  async update(_id, urn, olds, news) {
    return { outs: await told(resourceOf(urn).update(plainObject(olds), plainObject(news))) };
  },
  async delete(_id, urn, props) {
    await told(resourceOf(urn).remove(plainObject(props)));
  },
  cancel() {
    cancelAll();
    return Promise.resolve();
  },
};

/**
 * The engine ends its providers, unless it was killed itself. What such a provider went on with would be written down
 * by nobody, and the next update may be at the same files.
 */
function endWithEngine(): void {
  const engine = process.ppid;
  setInterval(() => {
    if (process.ppid !== engine) {
      process.exit(1);
    }
  }, 200).unref();
}

endWithEngine();
void provider.main(local, process.argv.slice(2));
