import { connect, createServer } from 'node:net';
import { z } from 'zod';

/*
 * The site's front: passes connections at the site's public address on to the application's port, as a load balancer
 * before a container does. With it every site answers on the same port, whatever port its application listens on.
 */

const settingsSchema = z.object({
  listen: z.object({ address: z.string(), port: z.int() }),
  target: z.object({ address: z.string(), port: z.int() }),
});

function main(): void {
  const { listen, target } = settingsSchema.parse(JSON.parse(process.env['MEDPLUM_DR_LOAD_BALANCER'] ?? '{}'));
  const server = createServer((client) => {
    const upstream = connect(target.port, target.address);
    client.setNoDelay(true);
    upstream.setNoDelay(true);
    client.pipe(upstream).pipe(client);
    // Either end may go away at any moment: the other is then closed too, which the client sees.
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  server.on('error', (error) => {
    console.error(`cannot listen on ${listen.address}:${listen.port}: ${error.message}`);
    process.exit(1);
  });
  server.listen(listen.port, listen.address, () => {
    console.log(`${listen.address}:${listen.port} leads to ${target.address}:${target.port}`);
  });
}

main();
