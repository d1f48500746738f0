import { expect } from 'chai';
import type { Recording, Registration } from '../support/pulumi-mocks';

/** Everything about a registration but its name, inputs, outputs and dependencies. */
type Posture = Omit<Registration, 'name' | 'custom' | 'inputs' | 'outputs' | 'dependsOn'>;

const NO_TIMEOUTS = { create: '', update: '', delete: '' };

/** A layer is one component directly below the environment, with these children, and registers its outputs. */
export function expectLayer(
  recording: Recording,
  name: string,
  type: string,
  children: readonly string[]
): Registration {
  const layer = recording.get(name);
  expect(layer.custom, `${name} is a component`).to.equal(false);
  expect(layer.type).to.equal(type);
  expect(layer.parent).to.equal('medplum');
  expect(recording.childrenOf(name).map((child) => child.name)).to.deep.equal(children);
  expect(layer.outputs, `outputs of ${name}`).not.to.equal(null);
  return layer;
}

/** Every resource option that a child must have; those not given are the engine's own. */
export function expectPosture(child: Registration, expected: Partial<Posture>): void {
  const { type, parent, provider, protect, retainOnDelete, ignoreChanges, customTimeouts } = child;
  const actual: Posture = { type, parent, provider, protect, retainOnDelete, ignoreChanges, customTimeouts };
  expect(actual, child.name).to.deep.equal({
    type: 'medplum-local:index:Process',
    parent: null,
    provider: null,
    protect: false,
    retainOnDelete: false,
    ignoreChanges: [],
    customTimeouts: NO_TIMEOUTS,
    ...expected,
  });
}

/** The JSON that a process is configured by, in the one variable of its environment that holds it. */
export function settingsOf(process: Registration, variable: string): unknown {
  const environment = process.inputs['environment'] as Record<string, string>;
  expect(Object.keys(environment)).to.deep.equal([variable]);
  return JSON.parse(environment[variable]!);
}
