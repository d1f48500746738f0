import { connect, createServer, type Socket } from 'node:net';

interface Place {
  readonly address: string;
  readonly port: number;
}

/** Passes connections on from one place to another while it is open. */
export interface Door {
  /** Ends the process when the place is taken. */
  open(): void;
  /** Ends all connections, and takes no new ones. */
  close(): void;
}

export function makeDoor(listen: Place, target: Place): Door {
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target.port, target.address);
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    client.pipe(upstream).pipe(client);
    clients.add(client);
    // Either end may go away at any moment: the other is then closed too, which the client sees.
    client.on('close', () => {
      clients.delete(client);
      upstream.destroy();
    });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  server.on('error', (error) => {
    console.error(`cannot listen on ${listen.address}:${listen.port}: ${error.message}`);
    process.exit(1);
  });
  return {
    open() {
      server.listen(listen.port, listen.address, () => {
        console.log(`${listen.address}:${listen.port} leads to ${target.address}:${target.port}`);
      });
    },
    close() {
      server.close();
      for (const client of clients) {
        client.destroy();
      }
    },
  };
}
