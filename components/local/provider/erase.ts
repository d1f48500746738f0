import { isDeepStrictEqual } from 'node:util';
import type { AnyLocalResource, LocalResource } from './resource';

/** Puts a typed resource behind the untyped edge of the provider protocol: everything is parsed on the way in. */
export function erase<Inputs extends Record<string, unknown>, State extends Inputs>(
  resource: LocalResource<Inputs, State>
): AnyLocalResource {
  return {
    check(inputs) {
      const parsed = resource.inputs.safeParse(inputs);
      return parsed.success
        ? []
        : parsed.error.issues.map((issue) => ({ property: issue.path.join('.'), reason: issue.message }));
    },
    async create(inputs) {
      const { id, state } = await resource.create(resource.inputs.parse(inputs));
      return { id, state: { ...state } };
    },
    async diff(state, inputs) {
      const old = resource.state.parse(state);
      const parsed = resource.inputs.parse(inputs);
      const wanted = resource.recorded === undefined ? parsed : await resource.recorded(parsed);
      const compared = (Object.keys(wanted) as (keyof Inputs & string)[]).filter(
        (key) => !resource.createOnly.includes(key)
      );
      const changed = compared.filter((key) => !isDeepStrictEqual(wanted[key], old[key]));
      const replaces = changed.filter((key) => resource.replaceOn.includes(key));
      const observed = await resource.observe(old);
      return { changes: changed.length > 0 || observed.kind !== 'as-recorded', replaces };
    },
    async read(state) {
      const old = resource.state.parse(state);
      const observed = await resource.observe(old);
      switch (observed.kind) {
        case 'as-recorded':
          return { ...old };
        case 'drifted':
          return { ...observed.state };
        case 'gone':
          return null;
      }
    },
    async update(state, inputs) {
      return { ...(await resource.update(resource.state.parse(state), resource.inputs.parse(inputs))) };
    },
    async remove(state) {
      await resource.remove(resource.state.parse(state));
    },
  };
}
