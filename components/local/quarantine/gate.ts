// Loaded into every Node process of a drill's copy before anything else (`NODE_OPTIONS=--require`, which worker threads
// and child processes inherit): all TCP, TLS, HTTP, SMTP and Redis clients of Node end in the two prototypes below.
// Whatever is not the copy itself is refused and noted. It cannot stop a program that is no Node program, nor a look-up
// in DNS. It uses nothing but Node's own modules: it must not change what the server loads.
import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import workerThreads from 'node:worker_threads';
import { GATE_VARIABLE, type GateSettings } from './gate-settings';

type Callback = (error?: Error) => void;

const settings = settingsOf(process.env[GATE_VARIABLE]);
note({ kind: 'loaded', pid: process.pid });
guardTcp();
guardUdp();
guardChildren();

/** @throws when there are none: a process that lost them must not start unguarded. */
function settingsOf(text: string | undefined): GateSettings {
  if (text === undefined) {
    throw new Error(`${GATE_VARIABLE} is not set, so this process of a quarantined copy does not start`);
  }
  return JSON.parse(text) as GateSettings;
}

function note(line: object): void {
  appendFileSync(settings.file, `${JSON.stringify({ at: new Date().toISOString(), ...line })}\n`, { mode: 0o600 });
}

/** Notes the attempt; an attempt that cannot be noted is refused all the same. */
function refusal(target: string): Error {
  let message = `connect EQUARANTINE ${target}: this is the copy of a drill, which must not reach anything but itself`;
  try {
    note({ kind: 'refused', target, pid: process.pid });
  } catch (error) {
    message += ` (and the attempt could not be noted: ${String(error)})`;
  }
  return Object.assign(new Error(message), { code: 'EQUARANTINE', syscall: 'connect' });
}

function place(host: string, port: unknown): string {
  return `${net.isIPv6(host) ? `[${host}]` : host}:${String(port)}`;
}

function guardTcp(): void {
  const connect = Object.getOwnPropertyDescriptor(net.Socket.prototype, 'connect')?.value as (
    ...args: unknown[]
  ) => net.Socket;
  // It fails as a name that cannot be looked up does: clients know that, and Node has made what they look at by then.
  const refuse = (socket: net.Socket, target: string): net.Socket => {
    const error = refusal(target);
    const lookup = (_host: string, _options: object, answer: Callback): void => {
      process.nextTick(answer, error);
    };
    return Reflect.apply(connect, socket, [{ host: 'quarantined.invalid', port: 1, lookup }]);
  };
  net.Socket.prototype.connect = function (this: net.Socket, ...args: unknown[]) {
    const { options, callback } = connectArguments(args);
    const { path, port } = options;
    if (typeof path === 'string') {
      return refuse(this, `unix:${path}`);
    }
    const host = typeof options.host === 'string' && options.host !== '' ? options.host.toLowerCase() : 'localhost';
    const address = host === 'localhost' ? '127.0.0.1' : (settings.names[host] ?? host);
    if (!settings.allow.includes(place(address, port))) {
      return refuse(this, place(host, port));
    }
    return Reflect.apply(connect, this, address === host ? args : [{ ...options, host: address }, callback]);
  };
}

interface ConnectOptions {
  readonly path?: unknown;
  readonly host?: unknown;
  readonly port?: unknown;
}

/** The forms that `connect` takes, with the one that Node hands on inside: an array of options and callback. */
function connectArguments(args: readonly unknown[]): { options: ConnectOptions; callback: unknown } {
  const [first, second] = args;
  if (Array.isArray(first)) {
    const [options, callback] = first as [ConnectOptions, unknown];
    return { options, callback };
  }
  const callback = args.find((arg) => typeof arg === 'function');
  if (typeof first === 'object' && first !== null) {
    return { options: first, callback };
  }
  if (typeof first === 'string' && !(Number(first) >= 0)) {
    return { options: { path: first }, callback };
  }
  return { options: { port: first, host: second }, callback };
}

/** A copy has nobody to send datagrams to. */
function guardUdp(): void {
  const fail = (socket: dgram.Socket, args: readonly unknown[], target: string): void => {
    const error = refusal(target);
    const callback = args.find((arg): arg is Callback => typeof arg === 'function');
    process.nextTick(() => {
      if (callback === undefined) {
        socket.emit('error', error);
      } else {
        callback(error);
      }
    });
  };
  dgram.Socket.prototype.connect = function (this: dgram.Socket, ...args: unknown[]) {
    fail(this, args, datagramTarget(args));
  };
  dgram.Socket.prototype.send = function (this: dgram.Socket, _message: unknown, ...args: unknown[]) {
    fail(this, args, datagramTarget(args));
  };
}

/** After the message come `[offset, length,] port [, address]`. */
function datagramTarget(args: readonly unknown[]): string {
  const isLong = args.length >= 3 && typeof args[1] === 'number';
  const [port, address] = isLong ? args.slice(2) : args;
  return `${place(typeof address === 'string' ? address : 'localhost', port)}/udp`;
}

/** A child or thread that is given an environment of its own would come without the gate. */
function guardChildren(): void {
  const text = JSON.stringify(settings);
  const guarded = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
    const load = `--require ${JSON.stringify(__filename)}`;
    const options = environment['NODE_OPTIONS'] ?? '';
    return {
      ...environment,
      NODE_OPTIONS: options.includes(load) ? options : `${load} ${options}`.trim(),
      [GATE_VARIABLE]: text,
    };
  };
  const { Worker } = workerThreads;
  workerThreads.Worker = class extends Worker {
    constructor(file: string | URL, options: workerThreads.WorkerOptions = {}) {
      const { env } = options;
      super(file, typeof env === 'object' ? { ...options, env: guarded(env) } : options);
    }
  };
  // Not in Node's documentation, but all of spawn, fork, exec and execFile end in it; the form is that of Node 20 to 24.
  const children = childProcess.ChildProcess.prototype as unknown as { spawn: Spawn };
  const spawn = Object.getOwnPropertyDescriptor(children, 'spawn')?.value as Spawn;
  children.spawn = function (this: unknown, options) {
    const pairs = (options.envPairs ?? []).map((pair): [string, string] => {
      const end = pair.indexOf('=');
      return [pair.slice(0, end), pair.slice(end + 1)];
    });
    const environment = Object.entries(guarded(Object.fromEntries(pairs)));
    return spawn.call(this, { ...options, envPairs: environment.map(([name, value]) => `${name}=${value ?? ''}`) });
  };
  syncBuiltinESMExports();
}

type Spawn = (this: unknown, options: { readonly envPairs?: readonly string[] }) => unknown;
