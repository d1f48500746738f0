export interface Captured<Value> {
  readonly value: Value;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs with what this process prints taken aside. */
export async function captured<Value>(run: () => Promise<Value>): Promise<Captured<Value>> {
  const printed = { stdout: '', stderr: '' };
  const streams = ['stdout', 'stderr'] as const;
  const restores = streams.map((name) => {
    const stream = process[name];
    const write = stream.write.bind(stream);
    stream.write = (chunk: string | Uint8Array): boolean => {
      printed[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      return true;
    };
    return () => {
      stream.write = write;
    };
  });
  try {
    const value = await run();
    return { value, ...printed };
  } finally {
    for (const restore of restores) {
      restore();
    }
  }
}
