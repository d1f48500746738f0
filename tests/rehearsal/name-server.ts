import { createUDPServer, Packet } from 'dns2';
import { once } from 'node:events';

export interface NameServer {
  readonly address: string;
  readonly port: number;
  /** How often the name was asked for. */
  questions(): number;
  set(address: string, ttl: number): void;
  close(): Promise<void>;
}

/** A real DNS server on a loopback port with one A record for every name. */
export async function startNameServer(address: string, ttl: number): Promise<NameServer> {
  let record = { address, ttl };
  let asked = 0;
  const server = createUDPServer((request, send) => {
    asked++;
    const response = Packet.createResponseFromRequest(request);
    response.answers.push(...request.questions.map((question) => Packet.createResourceFromQuestion(question, record)));
    void send(response);
  });
  const closed = once(server, 'close');
  await server.listen(0, '127.0.0.1');
  return {
    address: '127.0.0.1',
    port: server.address().port,
    questions: () => asked,
    set: (next, nextTtl) => {
      record = { address: next, ttl: nextTtl };
    },
    close: async () => {
      server.close();
      await closed;
    },
  };
}
