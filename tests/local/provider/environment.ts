import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { LocalWorkspace, Stack, type EngineEvent, type PulumiFn } from '@pulumi/pulumi/automation';
import { engineEnvironment, findEngine, type Engine } from '../../../automation/engine';
import { cleanUp } from '../../../automation/rehearsal/clean-up';
import {
  makeWorkspace,
  REHEARSAL_ENVIRONMENT,
  replicaIn,
  type RehearsalWorkspace,
} from '../../../automation/rehearsal/workspace';
import { readStackConfig } from '../../../automation/stacks/project';
import { localSchema, type LocalConfig } from '../../../components/local/config';
import { runningDaemon } from '../../../components/local/process/daemon';
import { readSecrets, secretsKey } from '../../../components/local/secrets-store/store';
import { environmentProgram } from '../../../components/program';

/** What one operation of the engine did, or in a preview would do. */
export interface Operation {
  /** Names of the resources by what was done to them, without the root stack; those that stay as they are left out. */
  readonly changed: Record<string, string[]>;
  /** The engine's own summary. */
  readonly summary: Record<string, number>;
  /** Messages of the engine and the program, without colours. */
  readonly messages: string;
}

/** A failed operation, with the engine's own diagnostics. */
export class OperationFailed extends Error {}

/** What an operator sees; the engine's events also carry what it logs for its own developers. */
const TOLD: readonly string[] = ['info', 'info#err', 'warning', 'error'];

export const stackName = REHEARSAL_ENVIRONMENT;

/** One environment of the local platform in a folder of its own, on the real engine. */
export class TestEnvironment {
  readonly engine: Engine;
  readonly workspace: RehearsalWorkspace;
  readonly config: LocalConfig;

  private constructor(engine: Engine, workspace: RehearsalWorkspace, config: LocalConfig) {
    this.engine = engine;
    this.workspace = workspace;
    this.config = config;
  }

  static async make(): Promise<TestEnvironment> {
    const engine = await findEngine({ onProgress: () => undefined });
    const directory = await mkdtemp(path.join(tmpdir(), 'medplum-dr-provider-'));
    const workspace = await makeWorkspace(directory, null);
    const config = localSchema.parse(await readStackConfig(workspace.project, stackName));
    return new TestEnvironment(engine, workspace, config);
  }

  /** Folder of the stack in the primary site. */
  get live(): string {
    return path.join(this.workspace.sites.primary, stackName);
  }

  get replica(): string {
    return replicaIn(this.workspace);
  }

  pidFile(name: string): string {
    const outside = name === 'name-server' || name === 'watcher';
    return path.join(outside ? this.workspace.outside : this.live, 'run', `${name}.pid`);
  }

  /** Process ids of the running processes by name; those that are not running are left out. */
  async processes(): Promise<Record<string, number>> {
    const running: Record<string, number> = {};
    for (const folder of [path.join(this.live, 'run'), path.join(this.workspace.outside, 'run')]) {
      for (const file of await readdir(folder).catch(() => [])) {
        const daemon = await runningDaemon(path.join(folder, file));
        if (daemon !== null) {
          running[path.basename(file, '.pid')] = daemon.pid;
        }
      }
    }
    return running;
  }

  async secrets(): Promise<Map<string, string>> {
    const key = await secretsKey(path.join(this.workspace.outside, 'keys', 'secrets.key'));
    return readSecrets(path.join(this.live, 'secrets', 'store.json'), key);
  }

  private async stack(
    program: PulumiFn = () => Promise.resolve(environmentProgram(this.workspace.project.directory))
  ): Promise<Stack> {
    const workspace = await LocalWorkspace.create({
      workDir: this.workspace.project.directory,
      pulumiCommand: this.engine.command,
      envVars: { ...engineEnvironment(), ...this.workspace.engineEnvironment },
      program,
    });
    return Stack.createOrSelect(stackName, workspace);
  }

  up(options: { target?: string[]; program?: PulumiFn } = {}): Promise<Operation> {
    const { target, program } = options;
    return this.run(program, (stack, onEvent) => stack.up({ onEvent, ...(target === undefined ? {} : { target }) }));
  }

  preview(options: { refresh?: boolean } = {}): Promise<Operation> {
    return this.run(undefined, (stack, onEvent) => stack.preview({ onEvent, ...options }));
  }

  refresh(): Promise<Operation> {
    return this.run(undefined, (stack, onEvent) => stack.refresh({ onEvent }));
  }

  /** Takes the protection off, as an operator must, and destroys. */
  async destroy(): Promise<Operation> {
    await this.pulumi(['state', 'unprotect', '--all', '--yes', '--stack', stackName]);
    return this.run(undefined, (stack, onEvent) => stack.destroy({ onEvent }));
  }

  /** The engine's own command in the project folder; `input` goes to its standard input. */
  async pulumi(args: string[], input = ''): Promise<string> {
    const child = execFile(path.join(this.engine.root, 'bin', 'pulumi'), [...args, '--non-interactive'], {
      cwd: this.workspace.project.directory,
      env: { ...process.env, ...engineEnvironment(), ...this.workspace.engineEnvironment },
    });
    let output = '';
    child.stdout?.on('data', (chunk: string) => (output += chunk));
    child.stderr?.on('data', (chunk: string) => (output += chunk));
    child.stdin?.end(input);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) {
      throw new OperationFailed(output);
    }
    return output;
  }

  /** The engine's record of every resource's outputs by name; what is sealed is sealed anew each time, and left out. */
  async recorded(): Promise<Record<string, Record<string, unknown>>> {
    const exported = await this.pulumi(['stack', 'export', '--stack', stackName]);
    const text = exported.replaceAll(/"ciphertext": "[^"]*"/g, '"ciphertext": ""');
    const { deployment } = JSON.parse(text) as {
      deployment: { resources: { urn: string; outputs?: Record<string, unknown> }[] };
    };
    return Object.fromEntries(
      deployment.resources.map(({ urn, outputs }) => [urn.split('::').at(-1) ?? '', outputs ?? {}])
    );
  }

  /** Fails when anything is left. */
  async remove(): Promise<void> {
    const check = await cleanUp(this.workspace);
    if (check.status !== 'passed') {
      throw new Error(check.evidence);
    }
  }

  private async run(
    program: PulumiFn | undefined,
    operation: (stack: Stack, onEvent: (event: EngineEvent) => void) => Promise<unknown>
  ): Promise<Operation> {
    const changed: Record<string, string[]> = {};
    let summary: Record<string, number> = {};
    let messages = '';
    const onEvent = (event: EngineEvent): void => {
      // A refresh tells what it found only afterwards.
      const step = event.resOutputsEvent?.metadata ?? event.resourcePreEvent?.metadata;
      if (
        step !== undefined &&
        step.op !== 'same' &&
        step.op !== 'refresh' &&
        !step.urn.includes('pulumi:pulumi:Stack')
      ) {
        const names = (changed[step.op] ??= []);
        const name = step.urn.split('::').at(-1) ?? '';
        if (!names.includes(name)) {
          names.push(name);
        }
      }
      summary = event.summaryEvent?.resourceChanges ?? summary;
      const { diagnosticEvent } = event;
      if (diagnosticEvent !== undefined && TOLD.includes(diagnosticEvent.severity)) {
        messages += diagnosticEvent.message.replaceAll(/<\{%[^%]*%\}>/g, '');
      }
    };
    try {
      await withoutStrayRejections(async () => operation(await this.stack(program), onEvent));
    } catch (error) {
      throw new OperationFailed(messages === '' ? String(error) : messages, { cause: error });
    }
    return { changed, summary, messages };
  }
}

/**
 * When an update fails, the engine goes away under the program, and calls of the SDK that are under way are rejected with
 * nobody to await them. The SDK listens for these itself while the program runs; the test runner must not.
 */
async function withoutStrayRejections(operation: () => Promise<unknown>): Promise<void> {
  const listeners = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  const stray: unknown[] = [];
  const take = (reason: unknown): number => stray.push(reason);
  process.on('unhandledRejection', take);
  try {
    await operation();
    expect(stray).to.deep.equal([]);
  } finally {
    process.off('unhandledRejection', take);
    for (const listener of listeners) {
      process.on('unhandledRejection', listener);
    }
  }
}

/** Files below a folder in which each of the texts occurs; the folder is read once. */
export async function filesWith(folder: string, texts: readonly string[]): Promise<Map<string, string[]>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = new Map(texts.map((text): [string, string[]] => [text, []]));
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    // A live folder: a file may be gone before it is read.
    const content = await readFile(file).catch(() => Buffer.alloc(0));
    found.forEach((files, text) => content.includes(text) && files.push(file));
  }
  return found;
}
