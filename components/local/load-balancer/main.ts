import { z } from 'zod';
import { messageOf } from '../../errors';
import { guardSettingsSchema } from '../guard/settings';
import { fenceOwnSite, standGuard } from '../guard/stand-guard';
import { makeDoor } from './door';

/*
 * The site's front: passes connections at the site's public address on to the application's port, as a load balancer
 * before a container does. With it every site answers on the same port, whatever port its application listens on.
 *
 * As the only door of the site it also stands guard: a site whose place another one took while it was away stops itself.
 */

const settingsSchema = z.object({
  listen: z.object({ address: z.string(), port: z.int() }),
  target: z.object({ address: z.string(), port: z.int() }),
  guard: guardSettingsSchema.nullable().default(null),
});

function tell(event: string): void {
  console.log(`${new Date().toISOString()} ${event}`);
}

async function main(): Promise<void> {
  const { listen, target, guard } = settingsSchema.parse(JSON.parse(process.env['MEDPLUM_DR_LOAD_BALANCER'] ?? '{}'));
  const door = makeDoor(listen, target);
  if (guard === null) {
    door.open();
    return;
  }
  const reason = await standGuard(
    guard,
    () => {
      door.open();
    },
    tell
  );
  tell(`this site (stack ${guard.stack}) is fenced: ${reason}. The door is closed; the site is marked and stopped`);
  door.close();
  await fenceOwnSite(guard.live, reason, tell);
  tell('all of the site is stopped; ends');
}

main().catch((error: unknown) => {
  console.error(`load balancer: ${messageOf(error)}`);
  process.exit(1);
});
