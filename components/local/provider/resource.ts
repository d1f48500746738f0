import type { z } from 'zod';

/** What the world looks like against the recorded state of a resource. */
export type Observation<State> =
  { readonly kind: 'as-recorded' } | { readonly kind: 'drifted'; readonly state: State } | { readonly kind: 'gone' };

/**
 * One type of resource of the local platform. State is inputs and outputs together, as the engine keeps it.
 * `observe` looks at the world, so that refresh, preview and a second `up` are truthful.
 */
export interface LocalResource<Inputs extends Record<string, unknown>, State extends Inputs> {
  readonly inputs: z.ZodType<Inputs>;
  readonly state: z.ZodType<State>;
  /** Inputs whose change makes a new resource in place of the old. */
  readonly replaceOn: readonly (keyof Inputs & string)[];
  /** Inputs that matter at creation only: a later change of them means nothing. */
  readonly createOnly: readonly (keyof Inputs & string)[];
  /** The form in which inputs stand in the state, where it is another than they come in (secrets as digests). */
  recorded?(inputs: Inputs): Promise<Inputs>;
  create(inputs: Inputs): Promise<{ id: string; state: State }>;
  observe(state: State): Promise<Observation<State>>;
  /** Brings the world to the new inputs, from whatever it is in. */
  update(state: State, inputs: Inputs): Promise<State>;
  remove(state: State): Promise<void>;
}

/** Keeps the inputs and state types of one resource together while they are looked up by name. */
export interface AnyLocalResource {
  check(inputs: Record<string, unknown>): { property: string; reason: string }[];
  create(inputs: Record<string, unknown>): Promise<{ id: string; state: Record<string, unknown> }>;
  diff(
    state: Record<string, unknown>,
    inputs: Record<string, unknown>
  ): Promise<{ changes: boolean; replaces: string[] }>;
  read(state: Record<string, unknown>): Promise<Record<string, unknown> | null>;
  update(state: Record<string, unknown>, inputs: Record<string, unknown>): Promise<Record<string, unknown>>;
  remove(state: Record<string, unknown>): Promise<void>;
}
