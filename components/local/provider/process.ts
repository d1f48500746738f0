import http from 'node:http';
import net from 'node:net';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { refuseWhenFenced } from '../guard/mark';
import { runningDaemon, startDaemon, stopDaemon } from '../process/daemon';
import { readSecrets, secretsKey } from '../secrets-store/store';
import { cancellation } from './cancellation';
import type { LocalResource } from './resource';
import { sitePresent } from './site';

const readySchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started') }),
  z.object({ kind: z.literal('http'), url: z.string(), timeoutSeconds: z.number() }),
  z.object({ kind: z.literal('tcp'), address: z.string(), port: z.number(), timeoutSeconds: z.number() }),
]);

const inputs = z.object({
  name: z.string(),
  command: z.array(z.string()).min(1),
  folder: z.string(),
  environment: z.record(z.string(), z.string()),
  /** Environment variables whose values come from the secret store: variable to secret name. */
  secretEnvironment: z.record(z.string(), z.string()),
  secretStore: z.object({ storeFile: z.string(), keyFile: z.string() }).nullable().default(null),
  logFile: z.string(),
  pidFile: z.string(),
  ready: readySchema,
  running: z.boolean(),
  /** The site it belongs to; null for what lies outside both sites. */
  site: z.object({ live: z.string() }).nullable().default(null),
});
type Inputs = z.infer<typeof inputs>;
const state = inputs.extend({ status: z.enum(['running', 'stopped']) });
type State = z.infer<typeof state>;

/** Variables of the caller's environment that any program needs; nothing else of it is handed on. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'] as const;

async function environmentOf(process_: Inputs): Promise<Record<string, string>> {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const environment = { ...Object.fromEntries(inherited), ...process_.environment };
  if (process_.secretStore === null) {
    return environment;
  }
  const { storeFile, keyFile } = process_.secretStore;
  const secrets = await readSecrets(storeFile, await secretsKey(keyFile));
  for (const [variable, name] of Object.entries(process_.secretEnvironment)) {
    const value = secrets.get(name);
    if (value === undefined) {
      throw new Error(`${process_.name} needs the secret "${name}", which ${storeFile} does not have`);
    }
    environment[variable] = value;
  }
  return environment;
}

async function start(process_: Inputs): Promise<State> {
  // There is one when an update was killed between the start and the engine's own record of it.
  await stopDaemon(process_.pidFile);
  if (!process_.running || (process_.site !== null && !(await sitePresent(process_.site)))) {
    return { ...process_, status: 'stopped' };
  }
  if (process_.site !== null) {
    await refuseWhenFenced(process_.site.live);
  }
  const { command, folder, logFile, pidFile, ready } = process_;
  if (ready.kind !== 'started' && (await answers(ready))) {
    throw new Error(
      `${process_.name} cannot be started: another process answers at ${placeOf(ready)} already. Stop it, or set another port`
    );
  }
  await startDaemon({ command, folder, environment: await environmentOf(process_), logFile, pidFile });
  await waitUntilReady(process_);
  return { ...process_, status: 'running' };
}

async function waitUntilReady(process_: Inputs): Promise<void> {
  const { ready } = process_;
  if (ready.kind === 'started') {
    return;
  }
  const deadline = Date.now() + ready.timeoutSeconds * 1000;
  for (;;) {
    if (await answers(ready)) {
      return;
    }
    if ((await runningDaemon(process_.pidFile)) === null) {
      throw new Error(`${process_.name} ended while starting. ${await lastLines(process_.logFile)}`);
    }
    if (cancellation.aborted) {
      await stopDaemon(process_.pidFile);
      throw cancellation.reason;
    }
    if (Date.now() > deadline) {
      await stopDaemon(process_.pidFile);
      const waited = `${process_.name} did not answer within ${ready.timeoutSeconds} s`;
      throw new Error(
        `${waited}; raise application.startTimeout if it needs longer. ${await lastLines(process_.logFile)}`
      );
    }
    await sleep(25);
  }
}

function answers(ready: Inputs['ready']): Promise<boolean> {
  switch (ready.kind) {
    case 'started':
      return Promise.resolve(false);
    case 'http':
      return answersHttp(ready.url);
    case 'tcp':
      return acceptsTcp(ready.address, ready.port);
  }
}

function placeOf(ready: Exclude<Inputs['ready'], { kind: 'started' }>): string {
  return ready.kind === 'http' ? ready.url : `${ready.address}:${ready.port}`;
}

/** Any answer will do: whether it is a healthy one is for the driver's health step to judge. */
function answersHttp(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false, timeout: 2000 }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => {
      resolve(false);
    });
  });
}

export function acceptsTcp(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address, port, timeout: 1000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', () => {
      end(true);
    });
    socket.on('timeout', () => {
      end(false);
    });
    socket.on('error', () => {
      end(false);
    });
  });
}

async function lastLines(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8');
  const lines = text.trimEnd().split('\n').slice(-8);
  return `The last lines of ${logFile}:\n${lines.join('\n')}`;
}

export const processResource: LocalResource<Inputs, State> = {
  inputs,
  state,
  replaceOn: ['pidFile'],
  createOnly: [],
  async create(process_) {
    return { id: process_.name, state: await start(process_) };
  },
  async observe(process_) {
    const status = (await runningDaemon(process_.pidFile)) === null ? 'stopped' : 'running';
    const lost = process_.site !== null && !(await sitePresent(process_.site));
    const wanted = process_.running && !lost ? 'running' : 'stopped';
    return status === wanted && status === process_.status
      ? { kind: 'as-recorded' }
      : { kind: 'drifted', state: { ...process_, status } };
  },
  async update(old, process_) {
    await stopDaemon(old.pidFile);
    return start(process_);
  },
  async remove(process_) {
    await stopDaemon(process_.pidFile);
  },
};
