import os from 'node:os';
import * as pulumi from '@pulumi/pulumi';
import { LocalWorkspace, Stack, StackNotFoundError, type PulumiFn } from '@pulumi/pulumi/automation';
import { environmentProgram } from '../../components/program';
import { messageOf } from '../../components/errors';
import type { PreflightFinding } from '../../components/site-operations';
import { engineEnvironment, type Engine } from '../engine';
import { killTree, processTable } from '../engine/process-table';
import { runEngineCommand } from './engine-command';
import { describeEngineFailure } from './failure';
import { settlePendingOperations } from './pending-operations';
import { removeStackFile, type Project } from './project';
import { ResourceRecorder } from './resource-recorder';
import type { EngineProgress, StackEngine, UpdateOptions, UpdateOutcome } from './stack-engine';
import { guardAgainstStrayRejections } from './stray-rejections';
import { withUpdateLock } from './update-lock';

/** The engine at work on one project's stacks. */
export class EngineSession implements StackEngine {
  readonly #engine: Engine;
  readonly #project: Project;
  readonly #environment: Record<string, string>;

  /** @param environment further variables for the engine: state backend, passphrase file. */
  constructor(engine: Engine, project: Project, environment: Record<string, string> = {}) {
    this.#engine = engine;
    this.#project = project;
    this.#environment = { ...engineEnvironment(), ...environment };
  }

  get engineVersion(): string {
    return this.#engine.version;
  }

  async checkBackend(): Promise<PreflightFinding> {
    const id = 'state-backend';
    const environment = { ...process.env, ...this.#environment };
    if (
      environment['PULUMI_CONFIG_PASSPHRASE'] === undefined &&
      environment['PULUMI_CONFIG_PASSPHRASE_FILE'] === undefined
    ) {
      return {
        id,
        status: 'failed',
        evidence: 'Neither PULUMI_CONFIG_PASSPHRASE nor PULUMI_CONFIG_PASSPHRASE_FILE is set.',
        remedy: 'Set one of them to the passphrase that the stacks were made with.',
      };
    }
    try {
      const workspace = await this.#workspace();
      const { url, user } = await workspace.whoAmI();
      return { id, status: 'passed', evidence: `state at ${url ?? 'the current backend'} as ${user}` };
    } catch (error) {
      return {
        id,
        status: 'failed',
        evidence: `The state backend cannot be used: ${messageOf(error).split('\n')[0] ?? ''}.`,
        remedy:
          'Set PULUMI_BACKEND_URL, or backend.url in Pulumi.yaml, to a backend that does not lie in the lost site.',
      };
    }
  }

  async ensureStack(name: string, prepare: () => Promise<void>): Promise<void> {
    const workspace = await this.#workspace();
    await prepare();
    await Stack.createOrSelect(name, workspace);
  }

  async update(name: string, options: UpdateOptions): Promise<UpdateOutcome> {
    options.signal.throwIfAborted();
    guardAgainstStrayRejections();
    const captured = new CapturedOutputs();
    const workspace = await this.#workspace(captured.around(this.#program()));
    skipTrailingCommands(workspace);
    const stack = await Stack.select(name, workspace);
    // Otherwise each update is followed by a command that reads its own history.
    stack.info = () => Promise.resolve(undefined);
    const recorder = new ResourceRecorder(options);
    await this.#locked(stack, recorder, options, () =>
      stack.up({
        signal: options.signal,
        onEvent: recorder.take,
        color: 'never',
        suppressProgress: true,
        ...(options.targetType === undefined ? {} : { target: targets(name, this.#project.name, options.targetType) }),
      })
    );
    if (recorder.sawPendingOperations) {
      const settled = await settlePendingOperations(name, this.#command);
      options.onNote?.(`${settled.length} operation(s) that a killed engine left unfinished are settled`);
    }
    return { outputs: captured.value ?? (await this.outputs(name)), resources: recorder.timings() };
  }

  async outputs(name: string): Promise<Record<string, unknown>> {
    const stack = await Stack.select(name, await this.#workspace());
    const entries = Object.entries(await stack.outputs()).map(
      ([key, output]) => [key, output.value as unknown] as const
    );
    return Object.fromEntries(entries);
  }

  /**
   * Protection is taken off first: whoever calls this has made sure that the stack serves nobody.
   */
  async destroy(name: string, progress: EngineProgress): Promise<void> {
    progress.signal.throwIfAborted();
    const workspace = await this.#workspace();
    const stack = await Stack.select(name, workspace).catch((error: unknown) => {
      if (error instanceof StackNotFoundError) {
        return null;
      }
      throw error;
    });
    if (stack === null) {
      await removeStackFile(this.#project, name);
      return;
    }
    const recorder = new ResourceRecorder({ ...progress, onResource: () => undefined });
    await this.#locked(stack, recorder, progress, async () => {
      await this.unprotect(name);
      await stack.destroy({
        signal: progress.signal,
        onEvent: recorder.take,
        color: 'never',
        suppressProgress: true,
      });
    });
    await workspace.removeStack(name);
    await removeStackFile(this.#project, name);
  }

  async stopEnginesOf({ host, pid }: { readonly host: string; readonly pid: number }): Promise<readonly number[]> {
    if (host !== os.hostname()) {
      return [];
    }
    const rows = await processTable();
    const engines = rows.filter((row) => row.parent === pid && /(^|\/)pulumi\S* /.test(row.command));
    for (const engine of engines) {
      await killTree(engine.pid);
    }
    return engines.map((engine) => engine.pid);
  }

  async unprotect(name: string): Promise<void> {
    await this.#command(['state', 'unprotect', '--all', '--yes', '--stack', name]);
  }

  /** @throws OperatorError with the engine's own diagnostics. */
  async #locked<Result>(
    stack: Stack,
    recorder: ResourceRecorder,
    { signal, onWaiting, onNote }: EngineProgress,
    operation: () => Promise<Result>
  ): Promise<Result> {
    try {
      return await withUpdateLock(operation, {
        signal,
        onWaiting,
        onNote: (text) => onNote?.(text),
        breakLock: () => stack.cancel(),
      });
    } catch (error) {
      throw describeEngineFailure(error, stack.name, recorder.diagnostics);
    }
  }

  /** The engine's own command in the project's folder. */
  readonly #command = (args: readonly string[], input?: string): Promise<string> =>
    runEngineCommand(this.#engine.command.command, args, {
      directory: this.#project.directory,
      environment: this.#environment,
      ...(input === undefined ? {} : { input }),
    });

  #program(): PulumiFn {
    const { directory } = this.#project;
    return () => Promise.resolve(environmentProgram(directory));
  }

  #workspace(program: PulumiFn = this.#program()): Promise<LocalWorkspace> {
    return LocalWorkspace.create({
      workDir: this.#project.directory,
      pulumiCommand: this.#engine.command,
      envVars: this.#environment,
      program,
    });
  }
}

/**
 * Leaves out commands that the Automation API runs around an update and whose answers are not needed: selecting the
 * stack, which every command names anyway, and reading the outputs twice. Each is a process of a quarter of a second.
 */
function skipTrailingCommands(workspace: LocalWorkspace): void {
  workspace.selectStack = () => Promise.resolve();
  workspace.stackOutputs = () => Promise.resolve({});
}

/** Takes a program's outputs as they are resolved, within this process. They hold no secrets: see `Environment`. */
class CapturedOutputs {
  value: Record<string, unknown> | undefined;

  around(program: PulumiFn): PulumiFn {
    return async () => {
      const outputs = await program();
      pulumi.output(outputs).apply((value: unknown) => {
        this.value = value as Record<string, unknown>;
      });
      return outputs;
    };
  }
}

/** The component and all below it, of whatever platform. */
function targets(stack: string, project: string, typeSuffix: string): string[] {
  return [`urn:pulumi:${stack}::${project}::**${typeSuffix}**`];
}
