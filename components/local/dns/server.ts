import { createServer, Packet } from 'dns2';
import { z } from 'zod';
import { formatServing, nameServed } from './serving';
import { readZone, type Zone } from './zone';

/*
 * The environment's name server: it answers for the names of its zone file, authoritatively, over UDP and TCP, and
 * refuses all others. Beside each address it tells by a TXT record which stack serves there (`serving.ts`). The file is
 * read for each question, so a change is visible at once.
 */

const settingsSchema = z.object({ zoneFile: z.string(), address: z.string(), port: z.int() });

type Question = (typeof Packet.prototype.questions)[number];

/** What is added to the answer of a question; null when the name is not in the zone. */
function answersTo(zone: Zone, question: Question): (typeof Packet.prototype.answers)[number][] | null {
  const name = question.name.toLowerCase();
  const served = nameServed(name);
  const record = zone.records[served ?? name];
  if (record === undefined) {
    return null;
  }
  const ttl = record.ttlSeconds;
  if (served === null) {
    return question.type === Packet.TYPE.A
      ? [Packet.createResourceFromQuestion(question, { address: record.address, ttl })]
      : [];
  }
  return question.type === Packet.TYPE.TXT
    ? [Packet.createResourceFromQuestion(question, { data: formatServing(record), ttl })]
    : [];
}

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
          const answers = question === undefined ? null : answersTo(zone, question);
          response.header.aa = 1;
          if (answers === null) {
            response.header.rcode = 3;
          } else {
            response.answers.push(...answers);
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
