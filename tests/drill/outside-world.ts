import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What an operator's server reaches by itself: a receiver of subscriptions, and a mail server. Both note who comes. */
export class OutsideWorld {
  readonly #webhook = http.createServer((request, response) => {
    void text(request).then((body) => {
      this.delivered.push(body);
      response.end();
    });
  });
  readonly #mail = net.createServer((socket) => {
    this.greeted.push('');
    const index = this.greeted.length - 1;
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        this.greeted[index] = data.toString();
      });
  });
  /** Bodies that came to the webhook. */
  readonly delivered: string[] = [];
  /** What each connection to the mail server said; empty while it has said nothing. */
  readonly greeted: string[] = [];

  async open(): Promise<void> {
    for (const server of [this.#webhook, this.#mail]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
  }

  close(): void {
    this.#webhook.close();
    this.#webhook.closeAllConnections();
    this.#mail.close();
  }

  get webhook(): string {
    return `127.0.0.1:${(this.#webhook.address() as AddressInfo).port}`;
  }

  get mail(): string {
    return `127.0.0.1:${(this.#mail.address() as AddressInfo).port}`;
  }

  /**
   * Writes what an operator may load into the server: every 100 ms it greets the mail server as who it is, and each of
   * the further places.
   */
  async writeAddOn(file: string, places: readonly string[]): Promise<void> {
    const program = `
      const net = require('node:net');
      const reach = (place) => {
        const [host, port] = place.split(':');
        const socket = net.connect(port, host, () => socket.end('EHLO ' + process.env.MEDPLUM_BASE_URL + '\\r\\n'));
        socket.on('error', () => undefined);
      };
      setInterval(() => ${JSON.stringify([this.mail, ...places])}.forEach(reach), 100).unref();
    `;
    await writeFile(file, program);
  }
}
