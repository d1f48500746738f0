import * as pulumi from '@pulumi/pulumi';
import type { RegisterResourceOutputsRequest, RegisterResourceRequest } from '@pulumi/pulumi/proto/resource_pb';

/*
 * Runs a Pulumi program against mocks and keeps what it asked of the engine. Mocks alone show inputs; the requests
 * themselves also hold parent, provider, protection, timeouts, dependencies and which values are secret.
 *
 * What this does not prove: that the provider does as it is asked, and that the engine would make the same plan.
 */

/** One resource as the program registered it. Inputs are as on the wire, made readable by `readWire`. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  readonly custom: boolean;
  /** Name of the parent, null for a resource directly below the stack. */
  readonly parent: string | null;
  /** Name of the explicit provider, null where there is none. */
  readonly provider: string | null;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly ignoreChanges: readonly string[];
  /** Empty where the engine's own limit holds. */
  readonly customTimeouts: { readonly create: string; readonly update: string; readonly delete: string };
  /** Names of what the engine makes before it, itself or through an input. */
  readonly dependsOn: readonly string[];
  readonly inputs: Readonly<Record<string, unknown>>;
  /** What `registerOutputs` was called with, null where it was not called. */
  outputs: unknown;
}

export interface RecordOptions {
  readonly stack: string;
  readonly preview?: boolean;
  /** Stack config with the namespace in its keys; objects as JSON text, as the engine gives them. */
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys?: readonly string[];
  /** Outputs that a provider would add to the inputs of a type; unknown in a preview. A type not named is refused. */
  readonly computed: Readonly<Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>>;
}

/** What stands in `inputs` for a value that only an update would bring. */
export const UNKNOWN = '<unknown>';

/** A secret as `inputs` shows it. */
export interface SecretOnWire {
  readonly secret: unknown;
}

interface RecordingMonitor {
  registerResource(
    request: RegisterResourceRequest,
    callback: (error: Error | null, response?: { getUrn(): string }) => void
  ): Promise<void>;
  registerResourceOutputs(
    request: RegisterResourceOutputsRequest,
    callback: (error: Error | null, response?: object) => void
  ): void;
}

/** @throws when the program invokes a function of a provider or registers a type that the options do not name. */
export async function record(program: () => unknown, options: RecordOptions): Promise<Recording> {
  const { computed, preview = false } = options;
  const refused: string[] = [];
  await pulumi.runtime.setMocks(
    {
      call: ({ token }) => {
        refused.push(`the program invoked ${token}`);
        return {};
      },
      newResource: ({ type, name, inputs, custom }) => {
        const given = inputs as Record<string, unknown>;
        const add = computed[type];
        if (custom === true && !type.startsWith('pulumi:providers:') && add === undefined) {
          refused.push(`the program registered ${name} of the unknown type ${type}`);
        }
        return { id: preview ? undefined : `${name}-id`, state: { ...given, ...(preview ? {} : add?.(given)) } };
      },
    },
    'medplum-dr',
    options.stack,
    preview
  );
  pulumi.runtime.setAllConfig({ ...options.config }, [...(options.secretKeys ?? [])]);

  const byUrn = new Map<string, Registration>();
  const monitor = pulumi.runtime.getMonitor() as unknown as RecordingMonitor;
  const registerResource = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) =>
    registerResource(request, (error, response) => {
      if (response !== undefined) {
        byUrn.set(response.getUrn(), readRequest(request));
      }
      callback(error, response);
    });
  const registerResourceOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceOutputs = (request, callback) => {
    const registration = byUrn.get(request.getUrn());
    if (registration !== undefined) {
      registration.outputs = readWire(request.getOutputs()?.toJavaScript() ?? {});
    }
    registerResourceOutputs(request, callback);
  };

  program();
  await pulumi.runtime.disconnect(false);
  if (refused.length > 0) {
    throw new Error(refused.join('; '));
  }
  return new Recording([...byUrn.values()]);
}

function readRequest(request: RegisterResourceRequest): Registration {
  const provider = request.getProvider();
  const parent = request.getParent();
  const timeouts = request.getCustomtimeouts();
  return {
    type: request.getType(),
    name: request.getName(),
    custom: request.getCustom(),
    parent: parent === '' ? null : nameInUrn(parent),
    // A provider reference is `urn::id`.
    provider: provider === '' ? null : nameInUrn(provider.slice(0, provider.lastIndexOf('::'))),
    protect: request.getProtect() ?? false,
    retainOnDelete: request.getRetainondelete() ?? false,
    ignoreChanges: request.getIgnorechangesList(),
    customTimeouts: {
      create: timeouts?.getCreate() ?? '',
      update: timeouts?.getUpdate() ?? '',
      delete: timeouts?.getDelete() ?? '',
    },
    dependsOn: request.getDependenciesList().map(nameInUrn).sort(),
    inputs: readWire(request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>,
    outputs: null,
  };
}

function nameInUrn(urn: string): string {
  return urn.slice(urn.lastIndexOf('::') + 2);
}

/** Keys of a value on the wire in the one order that comparisons and golden files use. */
function readWire(value: unknown): unknown {
  if (value === pulumi.runtime.unknownValue) {
    return UNKNOWN;
  }
  if (Array.isArray(value)) {
    return value.map(readWire);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (pulumi.runtime.isRpcSecret(value)) {
    return { secret: readWire(pulumi.runtime.unwrapRpcSecret(value)) } satisfies SecretOnWire;
  }
  const entries = Object.entries(value as Record<string, unknown>);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, readWire(inner)]));
}

export class Recording {
  /** Every resource, by name. */
  readonly all: readonly Registration[];

  constructor(registrations: readonly Registration[]) {
    this.all = [...registrations].sort((a, b) => (a.name < b.name ? -1 : 1));
    const names = new Set(this.all.map(({ name }) => name));
    if (names.size !== this.all.length) {
      throw new Error('two resources have one name: dependencies are told apart by name here');
    }
  }

  /** @throws when the program registered no resource of that name. */
  get(name: string): Registration {
    const found = this.find(name);
    if (found === undefined) {
      throw new Error(`no resource "${name}" among ${this.all.map((each) => each.name).join(', ')}`);
    }
    return found;
  }

  find(name: string): Registration | undefined {
    return this.all.find((each) => each.name === name);
  }

  childrenOf(name: string): readonly Registration[] {
    return this.all.filter(({ parent }) => parent === name);
  }

  /** Names of everything that the engine makes before the resource, through any number of others. */
  waitsFor(name: string): ReadonlySet<string> {
    const seen = new Set<string>();
    const queue = [name];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const { dependsOn, parent, provider } = this.get(next);
      for (const before of [
        ...dependsOn,
        ...(parent === null ? [] : [parent]),
        ...(provider === null ? [] : [provider]),
      ]) {
        if (!seen.has(before)) {
          seen.add(before);
          queue.push(before);
        }
      }
    }
    return seen;
  }
}
