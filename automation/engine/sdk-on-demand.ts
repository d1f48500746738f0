import Module, { createRequire } from 'node:module';

/*
 * Pulumi's SDK loads the TypeScript compiler and npm's dependency resolver as it starts: a quarter of a second on a warm
 * machine, far more on a cold one. Both serve only the serialization of functions (dynamic providers), which nothing here
 * does. With this, imported before the SDK, they are loaded when they are first used.
 */
const ON_DEMAND = ['typescript', '@npmcli/arborist'] as const;

const sdkRequire = createRequire(require.resolve('@pulumi/pulumi/package.json'));

for (const name of ON_DEMAND) {
  const file = resolved(name);
  if (file !== null && require.cache[file] === undefined) {
    const placeholder = new Module(file);
    placeholder.filename = file;
    placeholder.loaded = true;
    placeholder.exports = onDemand(() => {
      if (require.cache[file] === placeholder) {
        // Deleting by a computed key is how a module is taken out of this cache.
        Reflect.deleteProperty(require.cache, file);
      }
      return sdkRequire(file) as object;
    });
    require.cache[file] = placeholder;
  }
}

/** Null where the SDK brings it in another way. */
function resolved(name: string): string | null {
  try {
    return sdkRequire.resolve(name);
  } catch {
    // Not installed: the SDK tells it if it needs it.
    return null;
  }
}

/** Exports that are loaded by the first look at one of them. */
function onDemand(load: () => object): object {
  return new Proxy(
    {},
    {
      // Asked by TypeScript's import helpers, which would copy every export otherwise.
      get: (_target, key) => (key === '__esModule' ? true : (Reflect.get(load(), key) as unknown)),
      has: (_target, key) => Reflect.has(load(), key),
      ownKeys: () => Reflect.ownKeys(load()),
    }
  );
}
