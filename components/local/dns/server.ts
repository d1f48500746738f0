import { createServer, Packet } from 'dns2';
import { z } from 'zod';
import { readZone } from './zone';

/*
 * The environment's name server: it answers for the names of its zone file, authoritatively, over UDP and TCP, and
 * refuses all others. The file is read for each question, so a change is visible at once.
 */

const settingsSchema = z.object({ zoneFile: z.string(), address: z.string(), port: z.int() });

async function main(): Promise<void> {
  const settings = settingsSchema.parse(JSON.parse(process.env['MEDPLUM_DR_DNS'] ?? '{}'));
  const server = createServer({
    udp: true,
    tcp: true,
    handle: (request, send) => {
      const response = Packet.createResponseFromRequest(request);
      readZone(settings.zoneFile).then(
        (zone) => {
          const question = request.questions[0];
          const record = question === undefined ? undefined : zone.records[question.name.toLowerCase()];
          response.header.aa = 1;
          if (question === undefined || record === undefined) {
            response.header.rcode = 3;
          } else if (question.type === Packet.TYPE.A) {
            const { address, ttlSeconds: ttl } = record;
            response.answers.push(Packet.createResourceFromQuestion(question, { address, ttl }));
          }
          void send(response);
        },
        (error: unknown) => {
          console.error(`zone file ${settings.zoneFile} cannot be read: ${String(error)}`);
          response.header.rcode = 2;
          void send(response);
        }
      );
    },
  });
  server.on('error', (error) => {
    console.error(`name server: ${String(error)}`);
    process.exitCode = 1;
    void server.close();
  });
  await server.listen({
    udp: { address: settings.address, port: settings.port },
    tcp: { address: settings.address, port: settings.port },
  });
  console.log(`answering on ${settings.address}:${settings.port} from ${settings.zoneFile}`);
}

void main();
