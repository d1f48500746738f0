import type { PlatformEnvironment } from '../../components/platform';
import {
  openEnvironment,
  readStackConfig,
  removeStackConfig,
  stackNames,
  writeStackConfig,
  type Project,
} from './project';

/** The config of a project's stacks, keys without their namespace. */
export interface StackConfigs {
  /** Names of the stacks that have one. */
  names(): Promise<readonly string[]>;
  /** @throws OperatorError when there is no such stack. */
  read(stack: string): Promise<Record<string, unknown>>;
  /** Sets keys and keeps the others; makes the config if need be. */
  write(stack: string, values: Record<string, unknown>, comment?: string): Promise<void>;
  remove(stack: string, key: string): Promise<void>;
  /** @throws OperatorError naming every problem of the stack's config. */
  open(stack: string): Promise<PlatformEnvironment>;
}

/** The `Pulumi.<stack>.yaml` files of a project. */
export function configFiles(project: Project): StackConfigs {
  return {
    names: () => stackNames(project),
    read: (stack) => readStackConfig(project, stack),
    write: (stack, values, comment) => writeStackConfig(project, stack, values, comment),
    remove: (stack, key) => removeStackConfig(project, stack, key),
    open: (stack) => openEnvironment(project, stack),
  };
}
