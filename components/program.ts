import * as pulumi from '@pulumi/pulumi';
import { z } from 'zod';
import { describeProblems, PLATFORMS, closest } from './config';
import { Environment } from './environment';
import { OperatorError, messageOf } from './errors';
import type { ConfigContext, PlatformEnvironment } from './platform';
import { loadPlatform } from './registry';

/** Namespace of every config key, whatever the Pulumi project is called. */
export const CONFIG_NAMESPACE = 'medplum-dr';

/**
 * Parses the config of one stack.
 * @param values the stack's `medplum-dr:*` config, keys without the namespace.
 * @throws OperatorError (`bad-input`) naming every problem at once; (`not-implemented`) for what is not built yet.
 */
export function loadEnvironment(values: Record<string, unknown>, context: ConfigContext): PlatformEnvironment {
  const name = z.enum(PLATFORMS).safeParse(values['platform']);
  if (!name.success) {
    const written = values['platform'];
    const meant = typeof written === 'string' ? closest(written, PLATFORMS) : undefined;
    const what = typeof written === 'string' ? `platform "${written}" is unknown` : 'no platform is set';
    throw invalidConfig(context, [
      `medplum-dr:platform: ${what}; choose one of ${PLATFORMS.join(', ')}${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
    ]);
  }
  const platform = loadPlatform(name.data);
  let environment: PlatformEnvironment;
  try {
    environment = platform.load(values, context);
  } catch (error) {
    if (error instanceof z.ZodError) {
      throw invalidConfig(context, describeProblems(error, platform.knownKeys));
    }
    throw error;
  }
  const { role, restore, strategy } = environment.config;
  if (role === 'recovery' && restore === undefined) {
    throw invalidConfig(context, [
      'medplum-dr:restore: is missing; a recovery site without it would start on an empty database. The driver writes it',
    ]);
  }
  if (!platform.roles.includes(role)) {
    throw new OperatorError('not-implemented', `Role "${role}" is not implemented yet on platform "${name.data}".`, {
      hint: 'Set medplum-dr:role to primary.',
    });
  }
  if (!platform.strategies.includes(strategy)) {
    throw new OperatorError(
      'not-implemented',
      `Strategy "${strategy}" is not implemented yet on platform "${name.data}".`,
      { hint: `Set medplum-dr:strategy to ${platform.strategies.join(' or ')}.` }
    );
  }
  return environment;
}

function invalidConfig(context: ConfigContext, problems: string[]): OperatorError {
  return new OperatorError('bad-input', `The config of stack "${context.stack}" has ${problems.length} problem(s).`, {
    hint: `Edit stacks/Pulumi.${context.stack}.yaml; docs/reference/config.md explains every key.`,
    problems,
  });
}

/** Keys whose values Pulumi keeps as JSON text in the config of a running program. */
function configValues(): Record<string, unknown> {
  const prefix = `${CONFIG_NAMESPACE}:`;
  const entries = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return Object.fromEntries(entries.map(([key, text]) => [key.slice(prefix.length), parseValue(text)]));
}

function parseValue(text: string): unknown {
  return /^[[{]/.test(text) ? (JSON.parse(text) as unknown) : text;
}

/**
 * The Pulumi program: stack config in, one environment out. `index.ts` and the driver both run this.
 * Its stack outputs are those of `Environment`.
 */
export function environmentProgram(projectDirectory: string): Record<string, unknown> {
  const stack = pulumi.getStack();
  let loaded: PlatformEnvironment;
  try {
    loaded = loadEnvironment(configValues(), { projectDirectory, stack });
  } catch (error) {
    if (error instanceof OperatorError) {
      throw new pulumi.RunError(
        [messageOf(error), ...error.problems.map((line) => `  ${line}`), error.hint].join('\n')
      );
    }
    throw error;
  }
  const secrets = new pulumi.Config(CONFIG_NAMESPACE).getSecretObject<Record<string, string>>('secrets');
  const environment = new Environment('medplum', {
    config: loaded.config,
    stack,
    site: loaded.site,
    layers: loaded.layers(),
    secrets: secrets ?? {},
  });
  return {
    siteEndpoint: environment.siteEndpoint,
    endpoint: environment.endpoint,
    database: environment.database,
    cache: environment.cache,
    binaryStorage: environment.binaryStorage,
    secretsLocation: environment.secretsLocation,
  };
}
